"""Whether a message comes back: told once, as soon as its header is known."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from mxward.smtp.loops import LoopWatch
from mxward.smtp.rerouting import LoopMemory, Mark

MARK = Mark(b"k" * 32)
SIGN = f"(mxward id=s1-1 mark={MARK.make('s1-1', ['b@it.test'])[0]})\r\n".encode()
CLIENT, SCANNER = ip_address("192.0.2.1"), ip_address("198.51.100.77")
NOW = 1_290_000_000.0


def watch(memory: LoopMemory, *recipients: str) -> LoopWatch:
    return LoopWatch(MARK, memory, "a@a.test", recipients or ("b@it.test",), SCANNER)


def remembering() -> LoopMemory:
    memory = LoopMemory()
    memory.remember(b"<1@a.test>", "a@a.test", "b@it.test", CLIENT, NOW)
    return memory


BLOCKS: list[tuple[list[bytes], list[bool]]] = [
    ([SIGN + b"\r\n", b"body\r\n"], [True, False]),
    ([SIGN, b"\r\n", b"body\r\n"], [False, True, False]),
    ([SIGN], [True]),  # the message ends within its header
    ([b"Message-ID: <1@a.test>\r\n\r\n", b""], [True, False]),
    ([b"Message-ID: <1@a.test>\r\n"], [True]),
    ([b"Message-ID: <2@a.test>\r\n\r\n"], [False]),
    ([b"To: x\r\n\r\n", SIGN + b"\r\n"], [False, False]),
    ([b"\r\n", SIGN + b"\r\n"], [False, False]),
    ([b""], [False]),
]


@pytest.mark.parametrize(("blocks", "told"), BLOCKS)
def test_told_once(blocks: list[bytes], told: list[bool]) -> None:
    watched = watch(remembering())
    last = len(blocks) - 1
    assert [watched.looped(block, n == last, NOW) for n, block in enumerate(blocks)] == told


def test_one_recipient_that_was_taken_over_is_enough() -> None:
    header = b"Message-ID: <1@a.test>\r\n\r\n"
    assert watch(remembering(), "c@it.test", "b@it.test").looped(header, False, NOW)
    assert not watch(remembering(), "c@it.test").looped(header, False, NOW)


def test_what_was_taken_over_is_remembered_for_each_recipient() -> None:
    memory = LoopMemory()
    taken = LoopWatch(MARK, memory, "a@a.test", ("b@it.test", "c@it.test"), CLIENT)
    taken.looped(b"Message-ID: <1@a.test>\r\n\r\n", True, NOW)
    assert not memory.looped(b"<1@a.test>", "a@a.test", "b@it.test", SCANNER, NOW)
    taken.taken_over(NOW)
    assert memory.looped(b"<1@a.test>", "a@a.test", "b@it.test", SCANNER, NOW)
    assert memory.looped(b"<1@a.test>", "a@a.test", "c@it.test", SCANNER, NOW)
