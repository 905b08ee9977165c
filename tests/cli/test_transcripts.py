"""What commands print, word for word: tests/golden/cli."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.place import Place

GOLDEN = Path(__file__).parents[1] / "golden" / "cli"


def transcripts() -> Iterator[object]:
    """`$ mxward ...`, what it prints, and `-> 78` where the exit code is not 0."""
    for file in sorted(GOLDEN.glob("*.txt")):
        for block in file.read_text().split("$ mxward ")[1:]:
            words, _, printed = block.partition("\n")
            yield pytest.param(words, printed.rstrip("\n"), id=words)


def times_told_alike(text: str) -> str:
    """The same however slow the machine is."""
    text = re.sub(r"seen \d+ seconds? ago", "seen just now", text)
    return re.sub(r'"(observed_at|age)": [0-9.e-]+', r'"\1": 0.0', text)


@pytest.mark.parametrize(("words", "printed"), list(transcripts()))
def test_a_command(words: str, printed: str, place: Place) -> None:
    result = place.run(*words.split())
    code = f"-> {result.exit_code}" if result.exit_code else ""
    seen = f"{times_told_alike(result.output).rstrip()}\n{code}".rstrip()
    assert seen == printed
