"""What the ways write, word for word: tests/golden/lockdown, one file for each example.

To change one, delete it and run its test, which writes it and fails; then read what has changed.
"""

from __future__ import annotations

from pathlib import Path

from mxward.lockdown.written import Step, Written

__all__ = ["agrees"]

_FOLDER = Path(__file__).parents[1] / "golden" / "lockdown"


def agrees(name: str, written: Written) -> None:
    """Hold what a way has written against its golden file."""
    path = _FOLDER / f"{name}.txt"
    told = _told(written)
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(told)
        raise AssertionError(f"{path.name} was not there: read it")
    assert told == path.read_text()


def _told(written: Written) -> str:
    parts = [f"# {written.title}", *written.know]
    for title, steps in (
        ("apply", written.apply),
        ("check", written.check),
        ("roll back", written.roll_back),
    ):
        parts += [f"## {title}", *map(_step, steps)]
    parts += [f"## {title}\n\n{text}" for title, text in written.also.items()]
    parts += [f"==== {name}\n{content!s}" for name, content in written.files.items()]
    return "\n\n".join(parts) + "\n"


def _step(step: Step) -> str:
    return "\n".join([f"- {step.what}", *(f"  $ {line}" for line in step.commands)])
