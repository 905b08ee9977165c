"""Cases by themselves: what the laws reach seldom."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from mxward.lockdown.dns.about import About
from mxward.lockdown.dns.dropping import Dropped, dropped
from mxward.lockdown.dns.kept import Set, carried
from mxward.lockdown.dns.looked import Filed, Looked, Named
from mxward.lockdown.dns.moving import Move, moved
from mxward.lockdown.dns.nsupdate import script
from mxward.lockdown.dns.records import Change, Records
from mxward.lockdown.dns.spelling import quoted, unquoted
from mxward.lockdown.dns.staying import Reference, Wish
from mxward.lockdown.dns.steps import Way, of_zone
from mxward.lockdown.dns.tally import Tally
from mxward.lockdown.dns.telling import plan as told_plan
from mxward.model import Known
from tests.lockdown.dns.world import ELSEWHERE, MAIL, MAIL6, PREMISES, World, looked

HEAD = """
    mx.scanner.example A 198.51.100.1
    it.co.za SOA ns1.x. admin.x. 1 2 3 4 5
    it.co.za NS ns1.hosting.example.
    it.co.za MX 10 mx.scanner.example
"""
DROP = Wish(PREMISES.servers)
POINT = Wish(PREMISES.servers, (ip_address("192.0.2.99"),), even_so=True)


def world(text: str) -> World:
    return World.of(f"{HEAD}\n{text}")


def plan(text: str, wish: Wish = DROP) -> Dropped:
    (only,) = dropped(looked(["it.co.za"], world(text)), wish)
    return only


def told(each: Dropped) -> dict[str, str]:
    return {stays.name: stays.why for stays in each.stays}


def test_a_name_server_of_the_zone_stays_whatever_is_said() -> None:
    found = plan(f"it.co.za NS mail.it.co.za.\nmail.it.co.za A {MAIL}", POINT)
    assert told(found) == {"mail.it.co.za": "mail.it.co.za is a name server of it.co.za"}


def test_an_alias_beside_a_wildcard_to_the_same_server_is_a_name_of_its_own() -> None:
    found = plan(
        f"*.it.co.za A {MAIL}\nbox.it.co.za A {MAIL}\nmail.it.co.za CNAME box.it.co.za.",
        Wish(PREMISES.servers, even_so=True),
    )
    assert {(c.name, c.kind) for c in found.names} == {
        ("*.it.co.za", "A"),
        ("mail.it.co.za", "CNAME"),
    }


def test_ipv6_alone() -> None:
    found = plan(f"mail.it.co.za AAAA {MAIL6}")
    assert [(c.kind, c.was, c.becomes) for c in found.names] == [("AAAA", (MAIL6,), ())]
    found = plan(f"mail.it.co.za AAAA {MAIL6}", POINT)
    assert {(c.kind, c.becomes) for c in found.names} == {("AAAA", ()), ("A", ("192.0.2.99",))}


def test_addresses_of_others_stay() -> None:
    found = plan(f"mail.it.co.za A {MAIL}\nmail.it.co.za A {ELSEWHERE}")
    assert [c.becomes for c in found.names] == [(ELSEWHERE,)]


@pytest.mark.parametrize(
    ("web", "why"),
    [
        (Known.FOUND, "a web site answers at its address"),
        (Known.FAILED, "a web site may answer at its address (not asked: --look asks)"),
        (Known.NOT_ASKED, "a web site may answer at its address (not asked: --look asks)"),
        (Known.ABSENT, None),
    ],
)
def test_a_web_site_stays_unless_it_is_known_that_there_is_none(web: Known, why: str) -> None:
    found = plan(f"www.it.co.za A {MAIL}", Wish(PREMISES.servers, web={ip_address(MAIL): web}))
    assert told(found).get("www.it.co.za") == why
    assert bool(found.names) == (why is None)


def test_what_a_zone_file_names_stays() -> None:
    mail = f"mail.it.co.za A {MAIL}"
    named = {"mail.it.co.za": (Reference("shop.it.co.za", "CNAME"),)}
    wish = Wish(PREMISES.servers, named=named)
    why = "shop.it.co.za (CNAME) names it, in its zone's file"
    assert told(plan(mail, wish)) == {"mail.it.co.za": why}
    assert not told(plan(mail, Wish(PREMISES.servers, even_so=True, named=named)))
    of_mail = {"mail.it.co.za": (Reference("sub.it.co.za", "MX"),)}
    assert told(plan(mail, Wish(PREMISES.servers, even_so=True, named=of_mail)))


def test_a_name_that_follows_one_that_has_been_pointed_elsewhere_needs_nothing() -> None:
    text = f"mail.it.co.za A {MAIL}\nsmtp.it.co.za CNAME mail.it.co.za."
    before, after = world(text), world(text.replace(MAIL, "192.0.2.99"))
    (found,) = looked(["it.co.za"], before, primary=after)
    assert found.pointing == ()


def test_a_primary_that_does_not_answer_for_a_zone_plans_nothing() -> None:
    text = f"mail.it.co.za A {MAIL}"
    (found,) = looked(["it.co.za"], world(text), primary=world(f"{text}\nmail.it.co.za A !"))
    assert (found.unsure, found.pointing) == (True, ())
    assert found.why == "the primary does not answer for A mail.it.co.za"


def test_a_resolver_that_cannot_look_plans_nothing() -> None:
    (found,) = looked(["it.co.za"], world(f"mail.it.co.za A {MAIL}\nsmtp.it.co.za A !"))
    assert (found.unsure, found.why) == (True, "A smtp.it.co.za cannot be looked up")


def filed(*records: Records) -> Filed:
    known = {(r.name, r.kind): r for r in records}
    return lambda zone, name, kind: known.get((name, kind), Records(name, kind, 0, ()))


def test_a_zone_file_that_says_another_thing_plans_nothing() -> None:
    here = filed(Records("mail.it.co.za", "A", 60, (ELSEWHERE,)))
    (found,) = looked(["it.co.za"], world(f"mail.it.co.za A {MAIL}"), filed=here)
    assert found.unsure and "say not the same of A mail.it.co.za" in found.why


def test_a_text_that_an_answer_cannot_tell_holds_what_it_names() -> None:
    long = "v=spf1 a:mail.it.co.za " + " ".join(f"ip4:198.18.0.{n}" for n in range(20)) + " -all"
    text = f'mail.it.co.za A {MAIL}\nit.co.za TXT "{long[:200]}" "{long[200:]}"'
    why = "the SPF record of it.co.za names mail.it.co.za, and is not changed here"
    assert told(plan(text)) == {"mail.it.co.za": why}


def test_the_way_back_asks_whether_anything_has_come_instead() -> None:
    gone = Change("mail.it.co.za", "A", (MAIL,), (), 60, 60)
    assert script("it.co.za", [gone.back]).splitlines()[1:3] == [
        "prereq nxrrset mail.it.co.za. IN A",
        "prereq nxrrset mail.it.co.za. IN CNAME",
    ]
    alias = Change("mail.it.co.za", "CNAME", ("box.it.co.za",), (), 60, 60)
    assert script("it.co.za", [alias.back]).splitlines()[1] == "prereq nxdomain mail.it.co.za."


def test_of_what_a_resolver_says_of_times_the_longest_counts() -> None:
    first = Change("mail.it.co.za", "A", (MAIL,), (ELSEWHERE,), 3_600, 3_600)
    later = first._replace(was_ttl=1_200, ttl=1_200)
    (now,) = carried({"names": (later,)}, [Set("names", 1, (first,))], lambda _: True)
    assert now == Set("names", 1, (first,))
    (now,) = carried({"names": (first,)}, [Set("names", 1, (later,))], lambda _: True)
    assert now == Set("names", 1, (first,))


def test_times_are_lowered_first_and_raised_at_the_end() -> None:
    change = Change("mail.it.co.za", "A", (MAIL,), (ELSEWHERE,), 3_600, 3_600)
    parts = {part.step: part for part in of_zone(Way.POINT, [Set("names", 1, (change,))], 300)}
    assert list(parts) == ["ttl", "names", "settle"]
    assert [(p.changes[0].was_ttl, p.changes[0].ttl) for p in parts.values()] == [
        (3_600, 300),
        (300, 300),
        (300, 3_600),
    ]
    assert [part.wait for part in parts.values()] == [3_600, 300, 300]
    short = change._replace(was_ttl=60, ttl=60)
    assert [p.step for p in of_zone(Way.POINT, [Set("names", 1, (short,))], 300)] == ["names"]


def test_an_spf_record_that_is_changed_twice_is_lowered_once() -> None:
    one = Change("it.co.za", "TXT", ('"1"',), ('"2"',), 3_600, 3_600)
    two = Change("it.co.za", "TXT", ('"2"',), ('"3"',), 3_600, 3_600)
    sets = [Set("spf-add", 1, (one,)), Set("spf-remove", 1, (two,))]
    parts = {part.step: part.changes for part in of_zone(Way.MOVE, sets, 300)}
    assert [c.becomes for c in parts["ttl"]] == [('"1"',)]
    assert [c.becomes for c in parts["settle"]] == [('"3"',)]


def test_an_spf_record_that_names_what_stays_is_left_alone() -> None:
    text = f"*.it.co.za A {MAIL}\nmail.it.co.za AAAA {MAIL6}\n"
    text += 'it.co.za TXT "v=spf1 a:mail.it.co.za -all"'
    wish = Wish(PREMISES.servers, even_so=True, keep=frozenset(("mail.*",)))
    found = plan(text, wish)
    assert [c.name for c in found.names] == ["*.it.co.za"]
    assert found.spf == ()


def test_names_of_others_are_no_markup() -> None:
    text = f"mail.it.co.za A {MAIL}\nit.co.za NS <b>.evil.example."
    (found,) = looked(["it.co.za"], world(text))
    assert found.servers == ("ns1.hosting.example",)
    every = [Looked("a.example", why="<b> and `c` and [d](e)", unsure=True)]
    tally = Tally(Way.DROP)
    tally.look(every)
    told = told_plan(tally, About("out", (ip_address(MAIL),), 300, exact=True))
    assert "- a.example: &lt;b> and 'c' and (d)(e)\n" in told


def test_a_long_spf_record_may_grow_by_what_goes_but_not_by_what_comes() -> None:
    many = " ".join(f"ip4:198.18.0.{n}" for n in range(10, 36))
    text = f"v=spf1 a:mail.it.co.za {many} -all"
    assert 430 < len(text) < 450
    here = world(f"mail.it.co.za A {MAIL}\nmail.it.co.za AAAA {MAIL6}")
    record = Records("it.co.za", "TXT", 60, (quoted(text),))
    (found,) = looked(["it.co.za"], here)
    found = replace(found, txt=record, spf=(Named("mail.it.co.za", "mail.it.co.za"),))
    (done,) = dropped([found], DROP)
    assert f"ip4:{MAIL} ip6:{MAIL6}" in unquoted(done.spf[0].becomes[0])
    move = Move("x0123456789.it.co.za", "it.co.za", (ip_address("203.0.113.9"),))
    plan = moved([found], move, DROP)
    assert plan.adding == ()
    assert plan.by_hand == (
        ("it.co.za", f"the SPF record of it.co.za would have {len(text) + 16} octets"),
    )
