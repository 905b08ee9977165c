"""The fuzz target itself: a few seeded sessions each time, many with `--long`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fuzz.relay import Session


@pytest.mark.timeout(3600)
def test_random_sessions_keep_the_laws(count: Callable[[int, int], int]) -> None:
    for seed in range(count(250, 50_000)):
        session = Session(seed)
        try:
            session.play()
        except Exception as wrong:
            wrong.add_note("\n".join([*session.told, f"seed {seed}"]))
            raise
