"""Each pair in `exim/`: a log as Exim writes it, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxward.maillog.exim import EximReader
from tests.maillog.pairs import check, pairs


def test_there_are_pairs() -> None:
    assert len(pairs("exim")) > 18


@pytest.mark.parametrize("path", pairs("exim"), ids=lambda path: path.stem)
def test_says(path: Path) -> None:
    check(path, "exim", EximReader)
