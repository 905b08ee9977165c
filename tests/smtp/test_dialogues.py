"""Every dialogue in tests/dialogues passes whole, byte by byte, and in random pieces."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxward.smtp.extensions import Extensions
from tests.smtp.player import Cut, play, settings, whole
from tests.smtp.transcript import Line, read, readable

DIALOGUES = sorted((Path(__file__).parent.parent / "dialogues").glob("*.txt"))
OFFERS = Extensions(
    {"SIZE": "1000000", "8BITMIME": "", "SMTPUTF8": "", "DSN": "", "ENHANCEDSTATUSCODES": ""}
)


def bytewise(data: bytes) -> Iterator[bytes]:
    yield from (data[n : n + 1] for n in range(len(data)))


def played(dialogue: list[Line], cut: Cut) -> list[str]:
    return readable(play(dialogue, cut, settings(), OFFERS))


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_whole(path: Path) -> None:
    dialogue = read(path)
    assert played(dialogue, whole) == readable(dialogue)


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_byte_by_byte(path: Path) -> None:
    dialogue = read(path)
    assert played(dialogue, bytewise) == readable(dialogue)


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_in_random_pieces(path: Path) -> None:
    dialogue = read(path)
    for seed in range(20):
        rng = random.Random(seed)

        def pieces(data: bytes, rng: random.Random = rng) -> Iterator[bytes]:
            while data:
                size = rng.randint(1, 12)
                yield data[:size]
                data = data[size:]

        assert played(dialogue, pieces) == readable(dialogue), f"seed {seed}"
