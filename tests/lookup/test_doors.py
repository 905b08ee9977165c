"""Front doors found: looked up once, remembered, and not asked for in vain."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from math import inf

from mxward.frontdoor.egress import Egress, EgressHistory
from mxward.frontdoor.remember import COOLING_OFF
from mxward.lookup.cache import PAUSE
from mxward.lookup.doors import Doors
from mxward.lookup.fake import FakeResolver
from mxward.model import Exchange, FrontDoor, Kind, Known, Question, Scanner, Source
from mxward.networks import Networks, address
from mxward.store.recollection import Recollection
from tests.lookup.clock import Clock

DOMAIN = "it.co.za"
SCANNERS = {
    "mimecast": Scanner(
        "mimecast",
        mx=("mimecast.com",),
        egress=Networks.of("198.51.100.0/24"),
        spf=("spf.mimecast.com",),
    ),
    "hornet": Scanner("hornet", mx=("hornetsecurity.com",), egress=Networks.of("10.7.0.0/24")),
}
MISSING_MX = (Question(Kind.MX, DOMAIN),)


def internet() -> FakeResolver:
    return FakeResolver(
        mx={
            "it.co.za": ["10 in-1.mimecast.com", "20 in-2.mimecast.com"],
            "example.org": ["10 in-1.mimecast.com", "20 in-2.mimecast.com"],
            "null.example": ["0 ."],
            "vanity.example": ["10 mx.vanity.example"],
        },
        a={
            "in-1.mimecast.com": ["192.0.2.1"],
            "in-2.mimecast.com": ["192.0.2.2"],
            "own.example": ["192.0.2.9"],
            "mx.hornetsecurity.com": ["192.0.2.5"],
        },
        cname={"mx.vanity.example": "mx.hornetsecurity.com"},
        txt={"spf.mimecast.com": ["v=spf1 ip4:203.0.113.0/24 include:more.mimecast.com -all"]},
    )


@dataclass
class Bed:
    """Doors, their clock, their DNS and their memory."""

    dns: FakeResolver = field(default_factory=internet)
    clock: Clock = field(default_factory=Clock)
    memory: Recollection = field(default_factory=Recollection)
    memory_lost: bool = False

    def __post_init__(self) -> None:
        self.doors = Doors(
            self.dns, SCANNERS, self.memory, self.clock, memory_lost=self.memory_lost, patience=10
        )

    def find(self, domain: str = DOMAIN) -> FrontDoor:
        return asyncio.run(self.doors.find(domain))

    def restart(self, **changed: bool) -> Bed:
        return Bed(self.dns, self.clock, self.memory, **changed)


def test_a_domain_behind_a_scanner() -> None:
    bed = Bed()
    assert bed.doors.known(DOMAIN) is None
    assert bed.find() == FrontDoor(
        Known.FOUND,
        (
            Exchange(10, "in-1.mimecast.com", (address("192.0.2.1"),), "mimecast"),
            Exchange(20, "in-2.mimecast.com", (address("192.0.2.2"),), "mimecast"),
        ),
        egress=Networks.of("198.51.100.0/24", "203.0.113.0/24"),
        observed_at=bed.clock.now,
    )
    assert bed.dns.asked.total() == 1 + 4 + 2  # MX, A and AAAA of two hosts, two SPF records


def test_other_kinds_of_domains() -> None:
    bed = Bed()
    assert bed.find("null.example").state is Known.ABSENT
    assert bed.find("no.such.example").state is Known.ABSENT
    own = bed.find("own.example")
    assert own.exchanges == (Exchange(0, "own.example", (address("192.0.2.9"),)),)
    assert bed.find("vanity.example").scanners == ("hornet",)


def test_nothing_is_asked_while_all_is_fresh() -> None:
    bed = Bed()
    found = bed.find()
    bed.clock.now += 299
    assert bed.doors.known(DOMAIN) is found
    bed.clock.now += 1
    assert bed.doors.known(DOMAIN) is None


def test_domains_alike_share_one_door_and_cost_one_look_up() -> None:
    bed = Bed()
    found = bed.find()
    before = bed.dns.asked.copy()
    assert bed.find("example.org") is found
    assert bed.dns.asked - before == {Question(Kind.MX, "example.org"): 1}


def test_what_is_new_is_found_when_the_answer_expires() -> None:
    bed = Bed()
    bed.find()
    bed.dns.mx = {DOMAIN: ["10 mx.hornetsecurity.com"]}
    bed.clock.now += 300
    moved = bed.find()
    assert moved.scanners == ("hornet",)
    assert moved.egress == SCANNERS["hornet"].egress
    assert moved.former == Networks.of(
        "192.0.2.1", "192.0.2.2", "198.51.100.0/24", "203.0.113.0/24"
    )
    gone_at = bed.clock.now
    bed.clock.now = gone_at + COOLING_OFF - 1
    assert bed.find().former == moved.former
    known = bed.doors.known(DOMAIN)
    assert known is not None
    bed.clock.now = gone_at + COOLING_OFF
    assert bed.doors.known(DOMAIN) != known  # not kept beyond the cooling-off time
    assert bed.find().former == Networks()


def test_in_an_outage_remembered_doors_stand_and_are_quick() -> None:
    bed = Bed()
    before = bed.find()
    bed.dns.down = True
    bed.clock.now += 86400
    stale = bed.find()
    assert stale.source is Source.REMEMBERED
    assert (stale.exchanges, stale.egress) == (before.exchanges, before.egress)
    assert (stale.missing, stale.observed_at) == ((), before.observed_at)
    asked = bed.dns.asked.total()
    assert bed.doors.known(DOMAIN) is stale
    bed.clock.now += PAUSE - 1
    assert bed.find() is stale
    assert bed.dns.asked.total() == asked
    bed.clock.now += 1
    bed.dns.down = False
    assert bed.find().source is Source.DNS


def test_a_restart_in_an_outage_changes_nothing() -> None:
    bed = Bed()
    before = bed.find()
    bed.dns.down = True
    bed.clock.now += 86400
    after = bed.restart().find()
    assert (after.exchanges, after.egress) == (before.exchanges, before.egress)
    assert (after.source, after.missing) == (Source.REMEMBERED, ())


def test_a_restart_with_fresh_memory_needs_no_look_up() -> None:
    bed = Bed()
    before = bed.find()
    asked = bed.dns.asked.total()
    assert bed.restart().find() == before
    assert bed.dns.asked.total() == asked


def test_a_domain_never_seen_fails_in_an_outage() -> None:
    bed = Bed()
    bed.dns.down = True
    assert bed.find() == FrontDoor(Known.FAILED, missing=MISSING_MX)
    bed.dns.down = False
    bed.clock.now += 5
    assert bed.find().state is Known.FOUND


def test_what_fails_is_missing_and_the_rest_stands() -> None:
    bed = Bed()
    bed.dns.failing = {"A in-2.mimecast.com", "more.mimecast.com"}
    found = bed.find()
    assert set(found.missing) == {
        Question(Kind.A, "in-2.mimecast.com"),
        Question(Kind.TXT, "more.mimecast.com"),
    }
    assert found.egress == Networks.of("198.51.100.0/24", "203.0.113.0/24")
    bed.dns.failing.clear()
    bed.clock.now += 5
    assert bed.find().missing == ()


def test_both_address_families_of_all_hosts_are_asked_at_once() -> None:
    async def scene() -> None:
        bed = Bed()
        gate = asyncio.Event()
        waiting: list[Question] = []

        async def hold(question: Question) -> None:
            if question.kind in (Kind.A, Kind.AAAA):
                waiting.append(question)
                await gate.wait()

        bed.dns.hold = hold
        finding = asyncio.create_task(bed.doors.find(DOMAIN))
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(waiting) == 4
        gate.set()
        assert (await finding).state is Known.FOUND

    asyncio.run(scene())


def test_a_domain_with_many_dead_hosts_starves_no_other() -> None:
    async def scene() -> None:
        bed = Bed()
        gate = asyncio.Event()
        domains = [f"d{n}.example" for n in range(3)]
        bed.dns.mx = {d: [f"10 mx{n}.dead.{d}" for n in range(50)] for d in domains}
        waiting: list[Question] = []

        async def hold(question: Question) -> None:
            if question.kind is not Kind.MX:
                waiting.append(question)
                await gate.wait()

        bed.dns.hold = hold
        finding = [asyncio.create_task(bed.doors.find(d)) for d in domains * 4]
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(waiting) == 3 * 16
        bed.dns.down = True
        gate.set()
        found = await asyncio.gather(*finding)
        assert {len(door.missing) for door in found} == {100}  # no host is left out
        assert bed.dns.asked.total() == 3 * 101

    asyncio.run(scene())


def test_sessions_that_wait_share_one_expansion_and_one_door() -> None:
    async def scene() -> None:
        bed = Bed()
        learned = 0

        class Counting(Recollection):
            def egress(self, scanner: str) -> EgressHistory | None:
                nonlocal learned
                learned += 1
                return super().egress(scanner)

        gate = asyncio.Event()
        bed.dns.hold = lambda _: gate.wait()
        bed.doors = Doors(bed.dns, SCANNERS, Counting(), bed.clock)
        domains = [DOMAIN, "example.org"] * 10
        finding = [asyncio.create_task(bed.doors.find(d)) for d in domains]
        await asyncio.sleep(0)
        finding[0].cancel()  # takes nobody along
        gate.set()
        found = await asyncio.gather(*finding, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert all(door is found[1] for door in found[1:])
        assert learned == 1

    asyncio.run(scene())


def test_where_the_memory_was_lost_nothing_is_certain() -> None:
    bed = Bed(memory_lost=True)
    found = bed.find()
    assert found.missing == MISSING_MX
    assert found.state is Known.FOUND
    assert bed.find("null.example").missing == (Question(Kind.MX, "null.example"),)
    known = bed.doors.known(DOMAIN)
    assert known is not None
    assert known.missing == MISSING_MX
    bed.dns.down = True
    assert bed.find("never.example").missing == (Question(Kind.MX, "never.example"),)


def test_what_waits_for_the_operator_applies_after_his_word() -> None:
    bed = Bed()
    bed.dns.txt = {"spf.mimecast.com": ["v=spf1 ip4:203.0.113.0/24 ip4:172.16.0.0/12 -all"]}
    found = bed.find()
    assert found.held == Networks.of("172.16.0.0/12")
    assert address("172.16.0.1") not in found.egress
    bed.memory.accept("mimecast", bed.clock.now)
    assert bed.find() is found  # until it is told
    bed.doors.refresh()
    asked = bed.dns.asked.total()
    accepted = bed.find()
    assert (accepted.held, address("172.16.0.1") in accepted.egress) == (Networks(), True)
    assert bed.dns.asked.total() == asked


def test_an_emptied_spf_name_takes_nothing_away() -> None:
    bed = Bed()
    before = bed.find()
    assert bed.doors.waiting() == {}
    bed.dns.txt = {}
    bed.clock.now += 30 * 86400
    after = bed.find()
    assert (after.egress, after.held) == (before.egress, Networks())
    assert bed.doors.waiting()["mimecast"].leaving == Networks.of("203.0.113.0/24")


def test_what_waits_is_told_without_a_look_up_and_after_a_restart() -> None:
    bed = Bed()
    bed.dns.txt = {"spf.mimecast.com": ["v=spf1 ip4:172.16.0.0/12 -all"]}
    assert bed.doors.waiting() == {}
    bed.find()
    asked = bed.dns.asked.total()
    for doors in (bed.doors, bed.restart().doors):
        assert {name: egress.held for name, egress in doors.waiting().items()} == {
            "mimecast": Networks.of("172.16.0.0/12")
        }
    bed.memory.accept("mimecast", bed.clock.now)
    assert bed.doors.waiting() == {}
    assert bed.dns.asked.total() == asked


def test_egress_by_itself() -> None:
    bed = Bed()
    asyncio.run(bed.doors.prepare())
    asked = bed.dns.asked.total()
    assert asked == 2
    egress = asyncio.run(bed.doors.egress("mimecast"))
    assert egress.networks == Networks.of("198.51.100.0/24", "203.0.113.0/24")
    assert (egress.stale, egress.observed_at) == (False, bed.clock.now)
    assert asyncio.run(bed.doors.egress("hornet")) == Egress(SCANNERS["hornet"].egress)
    assert asyncio.run(bed.doors.egress("no-such")) == Egress()
    assert bed.dns.asked.total() == asked


def test_spf_terms_that_cannot_be_listed_are_told() -> None:
    bed = Bed()
    bed.dns.txt = {"spf.mimecast.com": ["v=spf1 exists:%{i}.spf.mimecast.com -all"]}
    egress = asyncio.run(bed.doors.egress("mimecast"))
    assert egress.unlisted == ("exists:%{i}.spf.mimecast.com",)


def test_a_clock_set_back_makes_it_ask_again() -> None:
    bed = Bed()
    bed.find()
    bed.clock.now -= 10 * 86400
    assert bed.doors.known(DOMAIN) is None
    assert bed.find().observed_at == bed.clock.now


def test_the_doors_in_use() -> None:
    bed = Bed()
    assert bed.doors.in_use() == (0, 0, inf)
    bed.find()
    bed.find("example.org")  # the same door
    bed.clock.now += 60
    bed.find("vanity.example")
    assert bed.doors.in_use() == (2, 0, bed.clock.now - 60)
    bed.clock.now += 250  # the first is due
    assert bed.doors.in_use() == (1, 0, bed.clock.now - 250)
    bed.dns.down = True
    bed.find()
    assert bed.doors.in_use() == (2, 1, bed.clock.now - 310)


def test_the_doors_that_cannot_be_found() -> None:
    bed = Bed()
    bed.find("vanity.example")
    bed.dns.down = True
    assert bed.find().state is Known.FAILED
    bed.clock.now += 30  # it may be asked for again
    assert bed.doors.failing() == 1
    bed.clock.now += 4000  # what is remembered is due
    assert bed.find("vanity.example").source is Source.REMEMBERED
    assert bed.doors.failing() == 0  # nobody has asked for the first again
    assert bed.find().state is Known.FAILED
    assert bed.doors.failing() == 1
    bed.dns.down = False
    bed.clock.now += 60
    assert bed.find().state is Known.FOUND
    assert bed.doors.failing() == 0
