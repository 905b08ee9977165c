"""Every transcript in tests/probes passes whole, byte by byte, and in random pieces; and laws."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.smtp.probed_play import play, read, whole

PROBES = sorted((Path(__file__).parent.parent / "probes").glob("*.txt"))


@pytest.mark.parametrize("path", PROBES, ids=lambda path: path.stem)
def test_whole(path: Path) -> None:
    lines = read(path)
    assert play(lines, whole) == lines


@pytest.mark.parametrize("path", PROBES, ids=lambda path: path.stem)
def test_in_pieces(path: Path) -> None:
    lines = read(path)
    for seed in range(10):
        rng = random.Random(seed)

        def pieces(data: bytes, rng: random.Random = rng, most: int = 1 + seed) -> Iterator[bytes]:
            while data:
                size = rng.randint(1, most)
                yield data[:size]
                data = data[size:]

        assert play(lines, pieces) == lines, f"seed {seed}"
