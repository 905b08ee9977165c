"""Thousands of messages with faults on both sides: each is accounted for, and memory stays flat.

Mail goes by DATA and by BDAT, a step after the other and all at once, in the clear and in TLS; one
message of fifty has nobody for its recipient. Clients break off and stall, the mail server resets,
closes, says 421 or nonsense, and at times nothing at all.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.integration.fault_stand import Stand, stand
from tests.integration.faulty import How, Place, Script, good
from tests.integration.load import Load, Mailboxes, Message, Outcome
from tests.integration.servers import Postfix

pytestmark = [pytest.mark.real, pytest.mark.timeout(3000)]

POOL = 5
GROWTH = 8 * 1024  # KiB that mxward may grow by, once a fifth has gone through
FAULTY = 0.0055  # of all that the mail server does: some eight things to a message
TIMEOUTS = """\
[timeouts]
command = 8
data = 3
hello = 5
reply = 5
data_start = 5
verdict = 10
"""


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Stand]:
    with stand(tmp_path, Postfix, TIMEOUTS) as made:
        made.serve("pool = 5", xclient=True)
        yield made


def misbehaving(rng: Random) -> Script:
    """At random; where something more is said, it is what can be told from an answer."""
    ways = [How.CLOSE, How.RESET, How.GARBAGE, How.GOING, How.STAYING]

    def script(place: Place) -> How | None:
        if rng.random() >= FAULTY:
            return None
        if rng.random() < 0.02 and place is not Place.MESSAGE:
            return How.HANG
        return rng.choice([*ways, How.MORE] if place is Place.TAKEN else ways)

    return script


@dataclass(frozen=True)
class Reading:
    """mxward's state after so many messages; memory is what is resident, in KiB."""

    messages: int
    seconds: float
    memory: int

    def __str__(self) -> str:
        rate = self.messages / self.seconds
        return f"{self.messages:7} messages {rate:6.0f}/s {self.memory:7} KiB"


async def soak(base: Stand, load: Load, mailboxes: Mailboxes) -> list[Reading]:
    """Bring it all; a reading at each tenth."""
    readings: list[Reading] = []
    begin = time.monotonic()
    running = asyncio.create_task(load.run())
    while not running.done():
        await asyncio.wait([running], timeout=0.2)
        await asyncio.to_thread(mailboxes.collect)
        done = len(load.outcomes)
        if done >= load.count * (len(readings) + 1) // 10:
            readings.append(reading(base, done, time.monotonic() - begin))
    running.result()
    return readings


def reading(base: Stand, messages: int, seconds: float) -> Reading:
    return Reading(messages, seconds, base.memory)


def judge(load: Load, found: Counter[int], withheld: set[str]) -> list[str]:
    """What is wrong with each message that is not accounted for."""
    wrong = []
    for number in range(load.count):
        message, outcome = Message(number), load.outcomes[number]
        most = outcome in (Outcome.ACCEPTED, Outcome.UNSEEN) or message.recipient in withheld
        least = outcome is Outcome.ACCEPTED or message.recipient in withheld
        if outcome is Outcome.UNANSWERED or not least <= found[number] <= most:
            wrong.append(f"{message}: {outcome}, {found[number]} in the mailbox")
    return wrong


def report(base: Stand, load: Load, readings: list[Reading]) -> str:
    """What is printed."""
    outcomes = Counter(load.outcomes.values())
    lines = [str(reading) for reading in readings]
    lines += [f"{outcomes[outcome]:7} {outcome}" for outcome in Outcome]
    lines.append(f"{base.hop.struck:7} faults of the mail server")
    return "\n" + "\n".join(lines) + "\n"


def test_every_message_is_accounted_for_and_memory_stays_flat(
    base: Stand, count: Callable[[int, int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    load = Load(count(5_000, 100_000), seed=2010)
    mailboxes = Mailboxes(base.site.mail_server.directory / "mail")

    async def scene() -> list[Reading]:
        base.hop.script = misbehaving(Random(1117))
        readings = await soak(base, load, mailboxes)
        base.hop.script = good
        assert await base.serves()
        await base.at_rest(kept=POOL)
        return readings

    readings = base.play(scene(), 2900)
    base.site.mail_server.wait_until_settled()
    mailboxes.collect()
    with capsys.disabled():
        sys.stdout.write(report(base, load, readings))
    assert judge(load, mailboxes.found, base.hop.withheld) == []
    assert mailboxes.spoiled == []
    assert readings[-1].memory - readings[1].memory < GROWTH
    assert list(load.outcomes.values()).count(Outcome.ACCEPTED) > load.count * 0.9
    assert base.site.mxward.stop() == 0
