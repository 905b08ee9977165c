"""What commands print, word for word: tests/golden/cli."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.place import Place

GOLDEN = Path(__file__).parents[1] / "golden" / "cli"


def transcripts() -> Iterator[object]:
    """`$ mxward ...`, what it prints, and `-> 78` where the exit code is not 0.

    `$ mxward ... && mxward ...` are several, on the same files.
    """
    for file in sorted(GOLDEN.glob("*.txt")):
        for block in file.read_text().split("$ mxward ")[1:]:
            words, _, printed = block.partition("\n")
            yield pytest.param(words, printed.rstrip("\n"), id=words)


def times_told_alike(text: str) -> str:
    """The same however slow the machine is."""
    text = re.sub(r"seen \d+ seconds? ago", "seen just now", text)
    text = text.replace(f"{datetime.now(UTC):%Y-%m-%d}", "TODAY")
    text = re.sub(r"known since [0-9-]+", "known since DAY", text)
    text = re.sub(r"TODAY \d\d:\d\d", "TODAY HH:MM", text)
    return re.sub(rf'"({_TIMES})": [0-9.e-]+', r'"\1": 0.0', text)


_TIMES = "observed_at|age|at|added_at|last_at|known_since"


@pytest.mark.parametrize(("words", "printed"), list(transcripts()))
def test_a_command(words: str, printed: str, place: Place) -> None:
    seen = ""
    for command in words.split(" && mxward "):
        result = place.run(*shlex.split(command))
        code = f"-> {result.exit_code}\n" if result.exit_code else ""
        seen += f"{times_told_alike(result.output)}{code}"
    assert "\n".join(line.rstrip() for line in seen.splitlines()).rstrip() == printed
