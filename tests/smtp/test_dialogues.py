"""Every dialogue in tests/dialogues passes whole, byte by byte, and in random pieces."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxward.smtp.extensions import Extensions
from tests.smtp.player import play, settings
from tests.smtp.transcript import read

DIALOGUES = sorted((Path(__file__).parent.parent / "dialogues").glob("*.txt"))
OFFERS = Extensions(
    {"SIZE": "1000000", "8BITMIME": "", "SMTPUTF8": "", "DSN": "", "ENHANCEDSTATUSCODES": ""}
)


def whole(data: bytes) -> Iterator[bytes]:
    yield data


def bytewise(data: bytes) -> Iterator[bytes]:
    yield from (data[n : n + 1] for n in range(len(data)))


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_whole(path: Path) -> None:
    dialogue = read(path)
    assert play(dialogue, whole, settings(), OFFERS) == dialogue


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_byte_by_byte(path: Path) -> None:
    dialogue = read(path)
    assert play(dialogue, bytewise, settings(), OFFERS) == dialogue


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_in_random_pieces(path: Path) -> None:
    dialogue = read(path)
    for seed in range(50):
        rng = random.Random(seed)

        def pieces(data: bytes, rng: random.Random = rng) -> Iterator[bytes]:
            while data:
                size = rng.randint(1, 12)
                yield data[:size]
                data = data[size:]

        assert play(dialogue, pieces, settings(), OFFERS) == dialogue, f"seed {seed}"
