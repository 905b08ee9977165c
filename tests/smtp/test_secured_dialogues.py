"""Every dialogue in tests/dialogues/secured: with a certificate, before a mail server with AUTH."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxward.smtp.extensions import Extensions
from tests.smtp.player import Cut, play, settings, whole
from tests.smtp.test_dialogues import bytewise
from tests.smtp.transcript import read, readable

DIALOGUES = sorted((Path(__file__).parent.parent / "dialogues" / "secured").glob("*.txt"))
OFFERS = Extensions({"8BITMIME": "", "AUTH": "PLAIN LOGIN CRAM-MD5 EXTERNAL"})


def in_pieces(data: bytes) -> Iterator[bytes]:
    """The same pieces for the same bytes."""
    rng = random.Random(data)
    while data:
        size = rng.randint(1, 12)
        yield data[:size]
        data = data[size:]


@pytest.mark.parametrize("cut", [whole, bytewise, in_pieces])
@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_it_goes_as_written(path: Path, cut: Cut) -> None:
    dialogue = read(path)
    played = play(dialogue, cut, settings(starttls=True), OFFERS)
    assert readable(played) == readable(dialogue)
