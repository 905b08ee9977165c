"""One look-up at a time, fresh until it expires, stale while the DNS fails."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from mxward.lookup.cache import PAUSE, PAUSE_UNKNOWN, Cache
from mxward.lookup.fake import FakeResolver
from mxward.model import Kind, Known, Question
from mxward.store.recollection import Recollection
from tests.lookup.clock import Clock

MX = Question(Kind.MX, "it.co.za")
VALUES = ("10 mx.example",)


@dataclass
class Bed:
    """A cache, its clock and its DNS."""

    clock: Clock = field(default_factory=Clock)
    dns: FakeResolver = field(default_factory=lambda: FakeResolver(mx={MX.name: [*VALUES]}))
    patience: float = 10.0

    def __post_init__(self) -> None:
        self.memory = Recollection()
        self.cache = Cache(self.dns, self.memory, self.clock, patience=self.patience)

    @property
    def asked(self) -> int:
        return self.dns.asked.total()

    def find(self) -> tuple[str, ...] | None:
        """The values; None where it failed and nothing is remembered."""
        fact = asyncio.run(self.cache.find(MX))
        return fact.remembered.values if fact.remembered else None


def test_fresh_until_it_expires() -> None:
    bed = Bed()
    assert bed.cache.known(MX) is None
    assert bed.find() == VALUES
    bed.clock.now += 299
    assert bed.find() == VALUES
    assert bed.asked == 1
    bed.clock.now += 1
    assert bed.cache.known(MX) is None
    assert bed.find() == VALUES
    assert bed.asked == 2


def test_absent_is_remembered_too() -> None:
    bed = Bed(dns=FakeResolver())
    assert bed.find() == ()
    assert bed.find() == ()
    assert bed.asked == 1
    fact = bed.cache.known(MX)
    assert fact is not None
    assert fact.remembered is not None
    assert fact.remembered.state is Known.ABSENT


def test_stale_is_served_while_the_dns_fails_and_it_is_left_alone_for_a_while() -> None:
    bed = Bed()
    bed.find()
    bed.clock.now += 86400
    bed.dns.down = True
    assert bed.find() == VALUES
    assert bed.find() == VALUES
    assert bed.asked == 2
    bed.clock.now += PAUSE - 1
    assert bed.cache.known(MX) is not None
    bed.clock.now += 1
    assert bed.find() == VALUES
    assert bed.asked == 3


def test_what_was_never_known_is_asked_for_again_sooner() -> None:
    bed = Bed()
    bed.dns.down = True
    assert bed.find() is None
    bed.clock.now += PAUSE_UNKNOWN - 1
    assert bed.find() is None
    assert bed.asked == 1
    bed.dns.down = False
    bed.clock.now += 1
    assert bed.find() == VALUES


def test_what_never_answers_is_asked_for_ever_less() -> None:
    bed = Bed()
    bed.dns.down = True
    for n, pause in enumerate((5, 10, 20, 40, 60, 60), start=1):
        bed.find()
        bed.clock.now += pause - 1
        bed.find()
        assert bed.asked == n
        bed.clock.now += 1
    bed.dns.down = False
    assert bed.find() == VALUES


def test_a_clock_set_back_keeps_nothing_fresh_or_paused() -> None:
    bed = Bed()
    bed.find()
    bed.clock.now -= 86400
    assert bed.find() == VALUES
    bed.dns.down = True
    bed.clock.now += 400
    bed.find()
    bed.clock.now -= 86400
    assert bed.cache.known(MX) is None


def test_many_ask_and_one_look_up_is_made() -> None:
    async def scene() -> None:
        bed = Bed()
        gate = asyncio.Event()
        bed.dns.hold = lambda _: gate.wait()
        waiters = [asyncio.create_task(bed.cache.find(MX)) for _ in range(50)]
        await asyncio.sleep(0)
        gate.set()
        facts = await asyncio.gather(*waiters)
        assert {fact.remembered.values for fact in facts if fact.remembered} == {VALUES}
        assert bed.asked == 1

    asyncio.run(scene())


def test_who_is_cancelled_takes_nobody_along() -> None:
    async def scene() -> None:
        bed = Bed()
        gate = asyncio.Event()
        bed.dns.hold = lambda _: gate.wait()
        first, second = (asyncio.create_task(bed.cache.find(MX)) for _ in range(2))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        gate.set()
        fact = await second
        assert fact.remembered is not None
        assert bed.asked == 1

    asyncio.run(scene())


def test_a_slow_look_up_is_not_waited_for_where_a_stale_answer_is_at_hand() -> None:
    async def scene() -> None:
        bed = Bed(patience=0.01)
        await bed.cache.find(MX)
        bed.clock.now += 400
        gate = asyncio.Event()
        bed.dns.hold = lambda _: gate.wait()
        bed.dns.mx = {MX.name: ["10 new.example"]}
        stale = await bed.cache.find(MX)
        assert stale.remembered is not None
        assert stale.remembered.values == VALUES
        assert stale.until <= bed.clock.now + PAUSE_UNKNOWN
        gate.set()  # the look-up went on meanwhile
        fresh = await bed.cache.find(MX)
        assert fresh.remembered is not None
        assert fresh.remembered.values == ("10 new.example",)
        assert bed.asked == 2

    asyncio.run(scene())


def test_look_ups_under_way_and_in_line_are_bounded() -> None:
    async def scene() -> None:
        clock, dns = Clock(), FakeResolver()
        under_way = most = 0
        gate = asyncio.Event()

        async def hold(_: Question) -> None:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await gate.wait()
            under_way -= 1

        dns.hold = hold
        cache = Cache(dns, Recollection(), clock, at_once=3, waiting=10)
        questions = [Question(Kind.MX, f"d{n}.example") for n in range(15)]
        waiters = [asyncio.create_task(cache.find(question)) for question in questions]
        for _ in range(5):
            await asyncio.sleep(0)
        gate.set()
        facts = await asyncio.gather(*waiters)
        assert most == 3
        assert sum(fact.remembered is None for fact in facts) == 5  # beyond the line: failed

    asyncio.run(scene())


def test_who_has_a_stale_answer_does_not_wait_for_the_look_ups_of_others() -> None:
    async def scene() -> None:
        clock, memory = Clock(), Recollection()
        questions = [Question(Kind.MX, f"d{n}.example") for n in range(8)]
        dns = FakeResolver(mx={question.name: ["10 old.example"] for question in questions})
        cache = Cache(dns, memory, clock, at_once=3, patience=60)
        for question in questions:
            await cache.find(question)
        clock.now += 400
        gate = asyncio.Event()
        dns.hold = lambda _: gate.wait()
        dns.mx = {question.name: ["10 new.example"] for question in questions}
        waiters = []
        for question in questions:
            waiters.append(asyncio.create_task(cache.find(question)))
            await asyncio.sleep(0)
        await asyncio.wait(waiters, timeout=0.1)
        told = [waiter.result().remembered for waiter in waiters if waiter.done()]
        assert [x.values for x in told if x] == [("10 old.example",)] * 5
        gate.set()  # all are looked up all the same, each once
        fresh = await asyncio.gather(*waiters[:3], *map(cache.find, questions[3:]))
        assert [x.remembered.values for x in fresh if x.remembered] == [("10 new.example",)] * 8
        assert set(dns.asked.values()) == {2}

    asyncio.run(scene())


def test_pauses_do_not_outlive_an_answer() -> None:
    bed = Bed()
    bed.dns.down = True
    bed.find()
    bed.dns.down = False
    bed.clock.now += PAUSE_UNKNOWN
    assert bed.find() == VALUES
    bed.clock.now += 300
    assert bed.cache.known(MX) is None
