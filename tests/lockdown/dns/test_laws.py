"""Whatever the zones hold: the scripts do what the plan says, in order, and their way back leads to
the very same zones; nobody's mail, SPF or web site is lost on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.lockdown.dns.dropping import Dropped, dropped
from mxward.lockdown.dns.kept import Set, carried, head, line, read
from mxward.lockdown.dns.looked import Looked
from mxward.lockdown.dns.moving import Move, moved
from mxward.lockdown.dns.nsupdate import script
from mxward.lockdown.dns.sets import Steps, Zones, of_dropped, of_moved, standing
from mxward.lockdown.dns.staying import Wish
from mxward.lockdown.dns.steps import ORDER, Part, Way, of_zone
from mxward.model import Kind, Question
from tests.lockdown.dns.world import (
    ELSEWHERE,
    MAIL,
    MAIL6,
    NEW,
    PREMISES,
    Refused,
    World,
    leads_home,
    looked,
)

DOMAINS = ("one.example", "two.example", "in.two.example", "own.example")
ZONES = ("one.example", "two.example", "own.example")
LABELS = ("", "*", *PREMISES.guesses)
LOW = 300


class Step(NamedTuple):
    zone: str
    part: Part


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Zones with names that lead to the mail server in every way."""
    lines = [f"{zone} SOA ns.x. admin.x. 1 2 3 4 5" for zone in ZONES]
    lines += [f"{zone} NS ns.x." for zone in ZONES]
    lines += [f"{domain} MX 10 mx.scanner.example" for domain in DOMAINS[:-1]]
    lines.append("mx.scanner.example A 198.51.100.1")
    lines.append(f"own.example MX 10 {draw(st.sampled_from(['mail.one.example', 'own.example']))}")
    names = [f"{label}.{domain}".lstrip(".") for domain in DOMAINS for label in LABELS]
    for name in names:
        ttl = draw(st.sampled_from([60, 3600, 7200]))
        match draw(st.sampled_from(["", "", "A", "A", "AAAA", "both", "other", "CNAME"])):
            case "A":
                lines.append(f"{name} {ttl} A {MAIL}")
            case "AAAA":
                lines.append(f"{name} {ttl} AAAA {MAIL6}")
            case "both":
                lines += [f"{name} {ttl} A {MAIL}", f"{name} {ttl} AAAA {MAIL6}"]
            case "other":
                lines += [f"{name} {ttl} A {MAIL}", f"{name} {ttl} A {ELSEWHERE}"]
            case "CNAME" if name not in DOMAINS:
                lines.append(f"{name} {ttl} CNAME {draw(st.sampled_from(names))}.")
    for domain in DOMAINS:
        terms = st.sampled_from(["a", "mx", f"ip4:{MAIL}", *(f"a:{name}" for name in names[:9])])
        spf = " ".join(draw(st.lists(terms.filter(lambda t: "*" not in t), max_size=3)))
        lines += [f'{domain} TXT "v=spf1 {spf} -all"'.replace("  ", " ")] if spf else []
        lines += [f'{domain} TXT "some; \\"text\\""'] if draw(st.booleans()) else []
    world = World()
    for each in lines:
        try:
            for key, value in World.of(each).records.items():
                world._add(key[0], key[1], value[0], value[1][0])
        except AssertionError:
            continue  # beside a CNAME
    return world


wishes = st.builds(
    lambda to, even_so, keep: Wish(
        PREMISES.servers,
        tuple(map(ip_address, to)),
        even_so,
        frozenset(keep),
        name_servers=frozenset(),
    ),
    st.sampled_from([(), (), ("192.0.2.99",), ("2001:db8::99",), ("192.0.2.99", "2001:db8::99")]),
    st.booleans(),
    st.lists(st.sampled_from(["mail.*", "smtp.one.example"]), max_size=1),
)


def way_of(wish: Wish) -> Way:
    return Way.POINT if wish.point_to else Way.DROP


def steps_of(way: Way, zones: Zones) -> list[Step]:
    """All that is written, in the order of the plan."""
    sets = {zone: _sets(steps) for zone, steps in zones.items()}
    every = [Step(zone, part) for zone in sorted(sets) for part in of_zone(way, sets[zone], LOW)]
    return sorted(every, key=lambda step: (ORDER[way].index(step.part.step), step.zone))


def _sets(steps: Steps) -> tuple[Set, ...]:
    return carried(steps, (), lambda _: False)


def forth(world: World, steps: Iterable[Step]) -> Iterator[World]:
    for zone, part in steps:
        world.run(script(zone, part.changes))
        yield world


def back(world: World, steps: list[Step]) -> None:
    for zone, part in reversed(steps):
        world.run(script(zone, part.back))


def going(every: Iterable[Dropped]) -> set[str]:
    return {c.name for each in every for c in each.names} | {
        name for each in every for name, _ in each.follows
    }


def passes(world: World, domain: str, address: str) -> bool:
    """Whether SPF lets an address send, by its `ip4`, `ip6` and `a` terms."""
    for value in world.ask(Question(Kind.TXT, domain)).values:
        if value.startswith("v=spf1 "):
            return any(_names(world, domain, term, address) for term in value.split(" "))
    return False


def _names(world: World, domain: str, term: str, address: str) -> bool:
    kind, _, of = term.partition(":")
    if kind in ("ip4", "ip6"):
        return of == address
    if kind != "a":
        return False
    asked = Question(Kind.AAAA if ":" in address else Kind.A, of or domain)
    return address in world.ask(asked).values


@given(worlds(), wishes)
def test_names_go_and_come_back(world: World, wish: Wish) -> None:
    every = looked(DOMAINS, world)
    plan = dropped(every, wish)
    before = world.copy()
    steps = steps_of(way_of(wish), of_dropped(plan))
    for now in forth(world, steps):
        for domain in DOMAINS:
            for address in (MAIL, MAIL6):
                if passes(before, domain, address):
                    assert passes(now, domain, address), "its mail still passes"
    gone = going(plan)
    stay = {s.name for each in plan for s in each.stays}
    assert not gone & stay
    for name in gone:
        asked = name.replace("*", PREMISES.label)
        assert not leads_home(world, asked) or name in {s.name for e in plan for s in e.stays}
    for name in stay:
        assert leads_home(world, name.replace("*", PREMISES.label)), "it stays"
    for exchange in ("mail.one.example", "own.example"):
        if before.ask(Question(Kind.MX, "own.example")).values == (f"10 {exchange}",):
            for kind in (Kind.A, Kind.AAAA):
                question = Question(kind, exchange)
                if not (wish.point_to and _by_cname(before, exchange)):
                    assert world.ask(question).values == before.ask(question).values
    back(world, steps)
    assert world.records == before.records


def _by_cname(world: World, name: str) -> bool:
    return (name, "CNAME") in world.records


@given(worlds(), wishes)
def test_what_was_written_before_is_kept_with_its_way_back(world: World, wish: Wish) -> None:
    """The first plan is carried out, then one more, by an operator who goes further."""
    way = way_of(wish)
    before = world.copy()
    every = looked(DOMAINS, world)
    first = of_dropped(dropped(every, wish))
    ledger = {zone: _sets(steps) for zone, steps in first.items()}
    done = steps_of(way, first)
    for _ in forth(world, done):
        pass
    kept = read([head("", way), *(line(zone, sets) for zone, sets in ledger.items())])
    again = looked(DOMAINS, before, primary=world)
    further = Wish(wish.servers, wish.point_to, even_so=True)
    second = of_dropped(dropped(again, further))
    stands = standing(again, {})
    all_steps: list[Step] = []
    for zone in sorted({*first, *second}):
        sets = carried(second.get(zone, {}), kept.sets(zone), stands)
        made = [each for each in sets if not each.pending]
        assert {c.same for s in made for c in s.changes} == {
            c.same for s in ledger.get(zone, ()) for c in s.changes
        }, "what was done is kept, and nothing else"
        all_steps += [Step(zone, part) for part in of_zone(way, sets, LOW)]
    old = set(map(_key, done))
    new = [step for step in all_steps if _key(step) not in old]
    order = {step: n for n, step in enumerate(ORDER[way])}
    new.sort(key=lambda step: (order[step.part.step], step.part.number))
    for _ in forth(world, new):
        pass
    back(world, new)
    back(world, done)
    assert world.records == before.records


def _key(step: Step) -> tuple[object, ...]:
    return step.zone, step.part.step, step.part.changes


@given(worlds())
def test_a_plan_is_the_same_each_time(world: World) -> None:
    wish = Wish(PREMISES.servers)
    one = of_dropped(dropped(looked(DOMAINS, world), wish))
    ledger = {zone: _sets(steps) for zone, steps in one.items()}
    kept = read([head("", "drop"), *(line(zone, sets) for zone, sets in ledger.items())])
    every = looked(DOMAINS, world)
    for zone, steps in of_dropped(dropped(every, wish)).items():
        assert carried(steps, kept.sets(zone), standing(every, {})) == ledger[zone]


@given(worlds(), st.booleans())
def test_the_server_moves_and_comes_back(world: World, keep_spf: bool) -> None:
    every = looked(DOMAINS, world)
    before = world.copy()
    move = Move("x0123456789.one.example", "one.example", (ip_address(NEW),), keep_spf)
    plan = moved(every, move, Wish(PREMISES.servers))
    steps = steps_of(Way.MOVE, of_moved(plan, move.zone))
    for now in forth(world, steps):
        for domain in DOMAINS:
            if passes(before, domain, MAIL):
                ends = any(step.part.step == "spf-remove" for step in steps)
                assert passes(now, domain, MAIL) or ends
                added = all(s.zone != domain or s.part.step != "spf-add" for s in steps)
                assert added or not keep_spf
    undone = {domain for domain, _ in plan.by_hand} | {each.domain for each in every if each.why}
    for domain in DOMAINS:
        if passes(before, domain, MAIL) and not keep_spf and domain not in undone:
            assert passes(world, domain, NEW)
    assert world.ask(Question(Kind.A, move.name)).values == (NEW,)
    back(world, steps)
    assert world.records == before.records


@given(worlds(), wishes, st.data())
def test_a_zone_that_moved_on_stays_as_it_is(world: World, wish: Wish, data: st.DataObject) -> None:
    steps = steps_of(way_of(wish), of_dropped(dropped(looked(DOMAINS, world), wish)))
    if not steps:
        return
    first = steps[0]
    had = [change for change in first.part.changes if change.was]
    change = data.draw(st.sampled_from(had))
    ttl, values = world.records[change.name, change.kind]
    other = {"A": "192.0.2.201", "AAAA": "2001:db8::201", "CNAME": "other.example.", "TXT": '"o"'}
    moved_on = (other[change.kind],) if change.kind == "CNAME" else (*values, other[change.kind])
    world.records[change.name, change.kind] = (ttl, tuple(sorted(moved_on)))
    now = world.copy()
    with pytest.raises(Refused):
        world.run(script(first.zone, first.part.changes))
    assert world.records == now.records


def test_the_worlds_are_various() -> None:
    """What the laws are proved by is there: own domains, others, names that go and that stay."""
    counts = {"gone": 0, "stay": 0, "follows": 0, "spf": 0}

    @given(worlds(), wishes)
    def count(world: World, wish: Wish) -> None:
        plan = dropped(looked(DOMAINS, world), wish)
        counts["gone"] += bool(going(plan))
        counts["stay"] += any(each.stays for each in plan)
        counts["follows"] += any(each.follows for each in plan)
        counts["spf"] += any(each.spf for each in plan)

    count()
    assert min(counts.values()) >= 5, counts


def test_looked_is_small() -> None:
    """So many domains are kept at once."""
    assert Looked.__slots__
