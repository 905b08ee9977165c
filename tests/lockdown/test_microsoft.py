"""The connectors for Microsoft 365, as text: none of it can be run here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.lockdown.microsoft import DATA, connectors, watches, write
from mxward.lockdown.plan import Plan
from mxward.lockdown.sealing import Verdict
from mxward.networks import Networks
from tests.lockdown.golden import agrees
from tests.lockdown.plans import group, planned, plans
from tests.lockdown.test_nftables import NETWORKS
from tests.lockdown.test_powershell import read

SHOWN = {"clean": ("*.clean.example",)}


def data(plan: Plan, certificates: Mapping[str, tuple[str, ...]] | None = None) -> str:
    return str(write(plan, certificates or {}).files[DATA])


def test_the_files() -> None:
    plan = planned(
        group("a.example", "b.example", verdict=Verdict.DEFER, trusted=("192.0.2.7",)),
        group("c.example", name="via_pure_1", scanners=("pure",), welcome=("198.18.0.0/22",)),
        group("d.example", name="via_pure_2", scanners=("pure",), verdict=Verdict.WARN),
        group("e.example", name="via_six_3", scanners=("six",), welcome=("2001:db8::/64",)),
    )
    agrees("microsoft365", write(plan, {"pure": ("mail.pure.example",)}))


# -- by what the scanner is known ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "trusted", "by"),
    [
        (SHOWN, (), "*.clean.example"),
        (SHOWN, ("192.0.2.7",), None),  # who is trusted has no such certificate
        ({"clean": ("a.clean.example", "b.clean.example")}, (), None),
        ({}, (), None),
    ],
)
def test_a_certificate_is_preferred(
    shown: dict[str, tuple[str, ...]], trusted: tuple[str, ...], by: str | None
) -> None:
    text = data(planned(group(trusted=trusted)), shown)
    assert (f"Certificate = '{by}'" in text) is (by is not None)
    assert ("Certificate = $null" in text) is (by is None)
    made = text.partition("$Watches")[0]
    assert ("'198.51.100.1'" in made) is (by is None)
    assert all(f"'{each}'" in made for each in trusted)


def test_scanners_of_which_one_shows_no_certificate_are_known_by_address() -> None:
    both = group(scanners=("clean", "pure"))
    assert "Certificate = $null" in data(planned(both), SHOWN)
    one_name = {"clean": ("*.x.example",), "pure": ("*.x.example",)}
    assert "Certificate = '*.x.example'" in data(planned(both), one_name)


@given(st.lists(NETWORKS, min_size=1, max_size=6))
def test_networks_are_split_as_microsoft_takes_them(networks: list[object]) -> None:
    """The same IPv4 addresses, none wider than /24; or nothing of it, and why."""
    made = group(welcome=tuple(map(str, networks)))
    try:
        written = write(planned(made), {})
    except ValueError as why:
        assert "IPv6 only" in str(why) or "give its certificate" in str(why)
        return
    text = str(written.files[DATA]).partition("$Watches")[0]
    found = [ip_network(each) for each in re.findall(r"^ +'([0-9./]+)'$", text, re.MULTILINE)]
    assert min(net.prefixlen for net in found) >= 24
    wanted = [net for net in made.networks if net.version == 4]
    assert sum(net.num_addresses for net in found) == sum(net.num_addresses for net in wanted)
    inside = Networks(wanted)
    assert all(net[0] in inside and net[-1] in inside for net in found)


# -- which domains ------------------------------------------------------------------------------


def test_domains_at_observe_are_watched_and_not_restricted() -> None:
    plan = planned(group("a.example"), group("w.example", name="via_w", verdict=Verdict.WARN))
    made, _, watched = data(plan).partition("$Watches")
    assert ("'a.example'" in made, "'w.example'" in made) == (True, False)
    assert ("'a.example'" in watched, "'w.example'" in watched) == (True, True)


def test_many_domains_are_several_connectors_and_rules() -> None:
    names = [f"customer{n}.example" for n in range(1_001)]
    many = group(*names)
    made = list(connectors(many, None))
    assert [len(each.domains) for each in made] == [200] * 5 + [1]
    assert [d for each in made for d in each.domains] == names
    assert len({each.name for each in made}) == 6
    rules = list(watches(many))
    assert [d for each in rules for d in each.domains] == names
    assert all(sum(len(d) + 1 for d in (*r.domains, *r.addresses)) <= 6_000 for r in rules)


def test_where_addresses_fill_a_rule_there_is_none() -> None:
    wide = group(
        welcome=tuple(f"198.18.{n}.{m}" for n in range(0, 250, 2) for m in range(1, 50, 8))
    )
    assert list(watches(wide)) == []
    assert "Certificate = $null" in data(planned(wide))


def test_there_is_somebody_to_restrict_it_to() -> None:
    with pytest.raises(ValueError, match="no domain has a scanner in front"):
        write(planned(), {})


# -- whatever is in it --------------------------------------------------------------------------

DOMAINS = st.from_regex(r"[a-z]{1,8}\.example", fullmatch=True)


@given(plans(NETWORKS))
def test_what_is_no_domain_is_refused(plan: Plan) -> None:
    """These plans have names of any kind."""
    try:
        text = data(plan)
    except ValueError:
        return
    assert [each for each in strings(text) if not re.fullmatch(r"[a-z0-9_./ -]+", each)] == []


@given(plans(NETWORKS, DOMAINS), st.lists(st.from_regex(r"(\*\.)?[a-z]{1,9}", fullmatch=True)))
def test_only_strings_differ(plan: Plan, shown: list[str]) -> None:
    """Whatever scanners and certificates are called: with its strings taken out, it is a frame."""
    certificates = {name: tuple(shown) for each in plan.groups for name in each.scanners}
    try:
        text = data(plan, certificates)
    except ValueError as why:
        assert "Microsoft can restrict none" in str(why)
        return
    about, begins, rest = text.partition("$Connectors")
    assert [line[0] for line in about.splitlines()] == ["#", "#", "#"]
    assert set("".join(outside(begins + rest)).split()) <= {
        *("$Connectors", "$Watches", "=", "@(", "@()", ")", "@{", "}", "$null"),
        *("Name", "Certificate", "Addresses", "Domains"),
    }


def strings(text: str) -> set[str]:
    found: set[str] = set()
    rest = text
    while "'" in rest:
        value, rest = read(rest[rest.index("'") :])
        found.add(value)
    return found


def outside(text: str) -> list[str]:
    """What stands between the strings."""
    found, rest = [], text
    while "'" in rest:
        before, _, _ = rest.partition("'")
        found.append(before)
        _, rest = read(rest[len(before) :])
    return [*found, rest]


def test_scripts_touch_ours_only() -> None:
    written = write(planned(group()), {})
    for name in ("2-enforce.ps1", "3-roll-back.ps1"):
        text = str(written.files[name])
        assert text.count("Remove-InboundConnector") == 1
        assert "-like 'mxward via_*'" in text
    for name, content in written.files.items():
        assert str(content).startswith("# NOT TRIED"), name
        assert str(content).isascii(), name
    assert all(each.name.startswith("mxward via_") for each in connectors(group(), None))
