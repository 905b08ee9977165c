"""docs/reasons.md explains each reason, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from mxward.model import Reason

DOCS = Path(__file__).parent.parent / "docs" / "reasons.md"
EXPLAINED = re.findall(r"^### `(.+)`\n((?:[^#\n].*\n)+)", DOCS.read_text("utf-8"), re.MULTILINE)


def test_each_reason_is_explained_once() -> None:
    assert sorted(reason for reason, _ in EXPLAINED) == sorted(Reason)


def test_each_explanation_says_something() -> None:
    for reason, text in EXPLAINED:
        assert len(text.split()) >= 20, reason
