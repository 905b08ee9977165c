"""A million domains behind a few hosts: what each costs, and what is done for all of them at once.

Nothing is timed here. Twenty thousand stand for the million.
"""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mxward.config import InventorySettings
from mxward.domains import Domains
from mxward.frontdoor.remember import COOLING_OFF
from mxward.inventory import Inventory
from mxward.lookup.doors import Doors
from mxward.lookup.fake import FakeResolver
from mxward.lookup.names import ClientNames
from mxward.model import (
    Arrival,
    FrontDoor,
    Kind,
    Known,
    Question,
    Remembered,
    Rules,
    Scanner,
    Source,
)
from mxward.networks import Networks, address
from mxward.proxy.decider import Decider
from mxward.store.database import Store
from mxward.store.memory import StoredMemory
from mxward.store.recollection import Recollection
from tests.lookup.clock import Clock

DOMAINS, SETS = 20_000, 60
MOST_OCTETS = 230
"""For each domain, with a name of 23 characters, in inventory, memory and doors, as Python asks for
them. The process grows by a sixth to a third more; the target for that is 400."""

SCANNERS = {"clean": Scanner("clean", mx=("clean.example",), egress=Networks.of("192.0.2.0/28"))}
NAMES = tuple(f"customer{n:07}.example" for n in range(DOMAINS))


class Watched(Recollection):
    """A memory that counts what it is asked for, and holds on to what it is told of."""

    def __init__(self) -> None:
        super().__init__()
        self.recalled: Counter[Question] = Counter()
        self.kept: list[str] = []

    def recall(self, question: Question) -> Remembered | None:
        self.recalled[question] += 1
        return super().recall(question)

    def keep(self, question: Question, remembered: Remembered) -> None:
        self.kept.append(question.name)
        super().keep(question, remembered)


@dataclass
class Bed:
    """Doors over a memory that knows the MX of every domain and the addresses of every host."""

    memory: Recollection
    clock: Clock

    def __post_init__(self) -> None:
        self.dns = FakeResolver()
        self.doors = Doors(self.dns, SCANNERS, self.memory, self.clock)

    def known(self, domain: str) -> FrontDoor:
        door = self.doors.known(domain)
        assert door is not None
        return door


def hosts(number: int) -> list[str]:
    return [f"mx{n}.c{number % SETS}.clean.example" for n in (1, 2)]


def values_of(number: int) -> tuple[str, ...]:
    return tuple(f"10 {host}" for host in hosts(number))


def answers(now: float) -> dict[Question, Remembered]:
    """All that is remembered; no two domains were looked up at the same time."""
    found = {}
    for number, name in enumerate(NAMES):
        found[Question(Kind.MX, name)] = remembered(values_of(number), now - number / DOMAINS)
    for host in {host for number in range(SETS) for host in hosts(number)}:
        found[Question(Kind.A, host)] = remembered(("192.0.2.100",), now)
        found[Question(Kind.AAAA, host)] = remembered(("2001:db8::100",), now)
    return found


def remembered(values: tuple[str, ...], now: float) -> Remembered:
    return Remembered(Known.FOUND, values, "", now, now + 3600)


def filled() -> tuple[Watched, Bed]:
    memory, clock = Watched(), Clock()
    for question, known in answers(clock.now).items():
        memory.keep(question, known)
    return memory, Bed(memory, clock)


def test_what_a_domain_weighs_and_what_the_collector_sees_of_it(tmp_path: Path) -> None:
    listed, path, clock = tmp_path / "localdomains", tmp_path / "store.db", Clock()
    listed.write_text("\n".join(NAMES))
    with_answers = Store.open(path)
    with_answers.save(answers(clock.now))
    with_answers.close()
    settings = InventorySettings(files=(str(listed),))
    store = Store.open(path)
    gc.collect()
    objects = len(gc.get_objects())
    tracemalloc.start()
    try:
        inventory = Inventory(settings).read().domains
        bed = Bed(StoredMemory(store, spelled=inventory.spelled), clock)
        for name in NAMES:
            assert bed.known(name).scanners == ("clean",)
        gc.collect()
        octets, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert octets / DOMAINS < MOST_OCTETS
    assert len(gc.get_objects()) - objects < DOMAINS / 10


def test_a_door_is_put_together_once_for_all_domains_behind_the_same_hosts() -> None:
    memory, bed = filled()
    doors = [bed.known(name) for name in NAMES[:SETS]]
    assert len({id(door) for door in doors}) == SETS
    memory.recalled.clear()
    for number, name in enumerate(NAMES):
        assert bed.known(name) is doors[number % SETS]
    assert memory.recalled == Counter(Question(Kind.MX, name) for name in NAMES)
    assert not bed.dns.asked


def test_after_the_operators_word_each_door_is_put_together_once_more() -> None:
    memory, bed = filled()
    before = [bed.known(name) for name in NAMES[: 2 * SETS]]
    bed.doors.refresh()
    memory.recalled.clear()
    after = [bed.known(name) for name in NAMES[: 2 * SETS]]
    assert after == before
    assert all(now is not then for now, then in zip(after, before, strict=True))
    assert sum(q.kind is Kind.A for q in memory.recalled.elements()) == 2 * SETS


def test_when_a_host_is_due_it_is_asked_for_once_however_many_wait() -> None:
    memory, bed = filled()
    bed.clock.now += 1800
    for number, name in enumerate(NAMES):  # the domains' own answers are fresh
        memory.keep(Question(Kind.MX, name), remembered(values_of(number), bed.clock.now))
    bed.clock.now += 1800
    bed.dns.a = {host: ["192.0.2.101"] for host in hosts(0)}
    bed.dns.aaaa = {host: ["2001:db8::101"] for host in hosts(0)}
    behind = NAMES[0 : 200 * SETS : SETS]
    assert {bed.doors.known(name) for name in behind} == {None}

    async def find() -> list[FrontDoor]:
        return await asyncio.gather(*map(bed.doors.find, behind))

    found = asyncio.run(find())
    assert all(door is found[0] for door in found)
    assert found[0].addresses == {address("192.0.2.101"), address("2001:db8::101")}
    assert found[0].former == Networks.of("192.0.2.100", "2001:db8::100")
    assert set(bed.dns.asked) == {
        Question(kind, host) for host in hosts(0) for kind in (Kind.A, Kind.AAAA)
    }
    assert bed.dns.asked.total() == 4
    assert bed.doors.known(NAMES[len(behind) * SETS]) is found[0]  # one that did not wait


def test_what_one_domain_left_lately_is_welcome_to_it_alone_and_no_longer() -> None:
    memory, bed = filled()
    gone_at = bed.clock.now
    moved, never_moved = Question(Kind.MX, NAMES[0]), Question(Kind.MX, NAMES[SETS])

    def looked_up() -> None:
        """All is fresh again, and says what it said."""
        former = tuple((value, gone_at) for value in values_of(1))
        for question, known in answers(bed.clock.now).items():
            if question.kind is not Kind.MX or question == never_moved:
                memory.keep(question, known)
        known = remembered(values_of(0), bed.clock.now)
        memory.keep(moved, Remembered(Known.FOUND, known.values, "", *times(known), former))

    hosts_of_one = Networks.of("192.0.2.100", "2001:db8::100")
    bed.clock.now = gone_at + COOLING_OFF - 1
    looked_up()
    assert bed.known(moved.name).former == hosts_of_one
    assert bed.known(never_moved.name).former == Networks()
    bed.clock.now += 1
    assert bed.known(moved.name).former == Networks()
    assert bed.known(moved.name) is bed.known(never_moved.name)


def test_what_a_host_left_lately_is_welcome_to_all_behind_it_and_no_longer() -> None:
    memory, bed = filled()
    bed.clock.now += 60
    lapses_at = bed.clock.now + 600
    known = remembered(("192.0.2.100",), bed.clock.now)
    former = (("192.0.2.200", lapses_at - COOLING_OFF),)
    host = Question(Kind.A, hosts(0)[0])
    memory.keep(host, Remembered(Known.FOUND, known.values, "", *times(known), former))
    bed.clock.now = lapses_at - 1
    assert bed.known(NAMES[0]).former == Networks.of("192.0.2.200")
    assert bed.known(NAMES[SETS]) is bed.known(NAMES[0])
    bed.clock.now = lapses_at
    assert bed.known(NAMES[0]).former == Networks()
    assert bed.known(NAMES[SETS]) is bed.known(NAMES[0])


def test_only_a_domain_whose_own_mx_is_not_answered_for_is_remembered() -> None:
    memory, bed = filled()
    stale, fresh = NAMES[0], NAMES[SETS]
    memory.keep(Question(Kind.MX, stale), remembered(values_of(0), bed.clock.now - 86400))
    bed.dns.down = True
    assert bed.known(fresh).source is Source.DNS
    assert asyncio.run(bed.doors.find(stale)).source is Source.REMEMBERED
    assert (bed.known(stale).source, bed.known(fresh).source) == (Source.REMEMBERED, Source.DNS)


def times(known: Remembered) -> tuple[float, float]:
    return known.observed_at, known.expires_at


def test_a_domain_without_an_mx_has_a_door_of_its_own() -> None:
    bed = Bed(Recollection(), Clock())
    bed.dns.a = {"one.example": ["192.0.2.1"], "other.example": ["192.0.2.2"]}
    for name, place in (("one.example", "192.0.2.1"), ("other.example", "192.0.2.2")):
        assert asyncio.run(bed.doors.find(name)).addresses == {address(place)}
        assert bed.known(name) is bed.known(name)


def test_domains_that_take_no_mail_share_a_door_that_holds() -> None:
    bed = Bed(Recollection(), Clock())
    bed.dns.mx = {"null.example": ["0 ."], "void.example": ["0 ."]}
    door = asyncio.run(bed.doors.find("null.example"))
    assert door.state is Known.ABSENT
    assert asyncio.run(bed.doors.find("void.example")) is door
    bed.clock.now += 299
    assert bed.known("void.example") is door


def test_what_is_learned_of_a_domain_is_kept_by_the_inventorys_own_object() -> None:
    memory, clock, resolver = Watched(), Clock(), FakeResolver(a={"it.co.za": ["192.0.2.9"]})
    inventory = Domains(["it.co.za"])
    decider = Decider(
        Rules(inventory=inventory),
        Doors(resolver, SCANNERS, memory, clock),
        ClientNames(resolver, clock),
        clock=clock,
    )
    local, other = address("203.0.113.25"), address("198.51.100.7")
    asyncio.run(decider.wait(Arrival(other, local, "", "", "anna@IT.co.za")))
    assert memory.kept == ["it.co.za"] * 3  # its MX, and both address families
    assert all(name is inventory.spelled("it.co.za") for name in memory.kept)
