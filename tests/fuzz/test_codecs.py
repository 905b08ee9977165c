"""The fuzz target itself: some thousand seeded cases each time, many with `--long`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fuzz.codecs import Case


@pytest.mark.timeout(3600)
def test_random_octets_keep_the_laws(count: Callable[[int, int], int]) -> None:
    for seed in range(count(8_000, 1_000_000)):
        case = Case(seed)
        try:
            case.play()
        except Exception as wrong:
            wrong.add_note("\n".join([*map(repr, case.told), f"seed {seed}"]))
            raise
