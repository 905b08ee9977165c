"""When an address may be shut, and what is written of a plan."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.lockdown.all_or_nothing import in_the_way, let_in
from mxward.lockdown.nftables import FILE, Filter, ruleset, write
from mxward.lockdown.plan import Kept, Plan
from mxward.lockdown.sealing import LeftOut, Verdict
from mxward.networks import Network, Networks, network
from tests.lockdown.golden import agrees
from tests.lockdown.plans import group, planned, plans

SERVERS = (network("192.0.2.25"), network("2001:db8::25"))
LOG = Filter(SERVERS, (25, 26, 2525), refuses=False)
REFUSE = Filter(SERVERS, (25, 26, 2525), refuses=True)
OWN = "nothing stands in front (own)"
NETWORKS = st.ip_addresses().flatmap(
    lambda a: st.integers(0, a.max_prefixlen).map(
        lambda bits: network(f"{type(a)(int(a) >> bits << bits)}/{a.max_prefixlen - bits}")
    )
)

# -- when an address may be shut ----------------------------------------------------------------

HELD = {
    "an own domain": (planned(group(), left_out=(LeftOut("own.example", OWN),)), "own.example"),
    "no known scanner": (
        planned(group(), left_out=(LeftOut("x.example", "nothing stands in front (no-scanner)"),)),
        "nothing stands in front (no-scanner): x.example",
    ),
    "a client known by its name": (
        planned(group(), left_out=(LeftOut("x.example", "a client is trusted by its name m.x"),)),
        "a client is trusted by its name m.x: x.example",
    ),
    "an empty front door": (
        planned(group(), left_out=(LeftOut("x.example", "nothing stands in front", empty=True),)),
        "x.example",
    ),
    "a front door that was never known": (
        planned(group(), kept=(Kept("x.example", "it cannot be looked up", had=False),)),
        "it cannot be looked up: x.example",
    ),
    "a domain at stage observe": (
        planned(group("a.example"), group("b.example", name="via_b", verdict=Verdict.WARN)),
        "its stage is observe: b.example",
    ),
}


@pytest.mark.parametrize(("plan", "said"), HELD.values(), ids=list(HELD))
def test_an_address_is_not_shut(plan: Plan, said: str) -> None:
    with pytest.raises(ValueError, match=r"^192\.0\.2\.25, 2001:db8::25 must not be shut") as why:
        write(plan, REFUSE)
    assert said in str(why.value)
    assert "--even-so" in str(why.value)
    assert "reject" not in str(write(plan, LOG).files[FILE])
    assert said in write(plan, LOG).also["In the way of refusing"]
    even_so = Filter(SERVERS, (25,), refuses=True, even_so=True)
    assert "reject with tcp reset" in str(write(plan, even_so).files[FILE])


def test_all_domains_in_the_way_are_counted() -> None:
    many = tuple(LeftOut(f"d{n}.example", OWN) for n in range(1_012))
    with pytest.raises(ValueError, match=r"d0\.example, .*d9\.example and 1,002 more\n"):
        write(planned(group(), left_out=many), REFUSE)


@pytest.mark.parametrize(("own", "held"), [("192.0.2.25", True), ("192.0.2.26", False)])
def test_an_own_domain_at_another_address_is_in_nobodys_way(own: str, held: bool) -> None:
    left = LeftOut("own.example", OWN, own=frozenset({ip_address(own)}))
    assert bool(in_the_way(planned(group(), left_out=(left,)), Networks(SERVERS))) is held


@pytest.mark.parametrize("verdict", [Verdict.DEFER, Verdict.DENY])
def test_an_address_is_shut_that_serves_fronted_domains_only(verdict: Verdict) -> None:
    kept = Kept("it.co.za", "its front door shrank by more than half", had=True)
    written = write(planned(group(verdict=verdict), kept=(kept,)), REFUSE)
    assert "reject with tcp reset" in str(written.files[FILE])
    assert written.also == {}


@pytest.mark.parametrize("wanted", [LOG, REFUSE, Filter(SERVERS, (25,), True, even_so=True)])
@pytest.mark.parametrize("plan", [planned(), planned(group(welcome=()))])
def test_nothing_is_written_that_lets_nobody_in(plan: Plan, wanted: Filter) -> None:
    with pytest.raises(ValueError, match="nobody would be let in"):
        write(plan, wanted)


# -- what is written ----------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [LOG, REFUSE], ids=["log", "refuse"])
def test_the_files(wanted: Filter) -> None:
    plan = planned(group(), group("x.example", name="via_x", trusted=("192.0.2.7",)))
    agrees(f"nftables-{'refuse' if wanted.refuses else 'log'}", write(plan, wanted))


def test_users_are_spoken_of_where_they_would_be_shut_out() -> None:
    shut = write(planned(group()), Filter(SERVERS, (25, 465, 587), refuses=True))
    assert any("**ports 465, 587: users authenticate there**" in text for text in shut.know)
    looked = replace(REFUSE, looked=True)
    assert not any("**" in text for text in write(planned(group()), looked).know)


def test_what_was_not_looked_at_is_said() -> None:
    told = write(planned(group()), REFUSE).know
    assert any("**Nobody has looked who would be shut out**" in text for text in told)
    only = write(planned(group()), replace(LOG, servers=SERVERS[:1])).know
    assert any("**No IPv6 address is named.**" in text for text in only)


@pytest.mark.parametrize("place", ["/etc/mx ward", "/etc/$(id)", "/a\nExecStart=/bin/sh", "rel"])
def test_a_place_that_would_have_to_be_quoted_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match="--installed"):
        write(planned(group()), Filter(SERVERS, (25,), refuses=True, place=place))


LINE = re.compile(
    r"# By .*"
    r"|(add|flush) (table|set|chain|counter) inet mxward_lockdown[ a-z0-9_{};:,-]*"
    r"|add rule inet mxward_lockdown (about|arrivals|door) [^{}\n]*(\{ [0-9a-f.:/, ]+ \}[^{}\n]*)*"
    r"|add element inet mxward_lockdown let_in[46]n? \{"
    r"|\t[0-9a-f.:/]+(,| \})"
)


@given(
    plan=plans(NETWORKS),
    servers=st.lists(NETWORKS, min_size=1, max_size=4),
    ports=st.lists(st.integers(1, 65_535), min_size=1, max_size=4, unique=True),
    refuses=st.booleans(),
)
def test_names_come_into_no_rule(
    plan: Plan, servers: list[Network], ports: list[int], refuses: bool
) -> None:
    """Whatever domains, scanners and reasons are called: there are as many rules as without."""
    wanted = Filter(tuple(servers), tuple(ports), refuses, even_so=True)
    text = str(write(plan, wanted).files[FILE])
    lines = text.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    versions = len({net.version for net in servers})
    assert sum(line.startswith("add rule") for line in lines) == versions + 8
    assert text == ruleset(wanted, let_in(plan))
    assert "accept" not in text.replace("policy accept", "")
