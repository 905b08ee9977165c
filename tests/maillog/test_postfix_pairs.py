"""Each pair in `postfix/`: a log as Postfix writes it, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxward.maillog.postfix import PostfixReader
from tests.maillog.pairs import check, pairs


def test_there_are_pairs() -> None:
    assert len(pairs("postfix")) > 14


@pytest.mark.parametrize("path", pairs("postfix"), ids=lambda path: path.stem)
def test_says(path: Path) -> None:
    check(path, "postfix", PostfixReader)
