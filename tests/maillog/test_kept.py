"""A reader that is stopped anywhere and resumed by another one tells what one reader tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.maillog.kept import as_json, from_json, resuming
from mxward.maillog.logged import Logged, Reader
from mxward.maillog.recognise import Format, reader_for
from mxward.maillog.stamps import Clock

LOGS = {
    path: path.read_bytes().removesuffix(b"\n").split(b"\n")
    for program in ("exim", "postfix")
    for path in sorted((Path(__file__).parent / program).glob("*.log"))
}
NOT_AFTER = datetime(2026, 11, 30, tzinfo=UTC).timestamp()


def reader() -> Reader:
    return reader_for(Format.EXIM, Clock(UTC, NOT_AFTER))


def in_parts(lines: list[bytes], stops: list[int]) -> Iterator[Logged]:
    """Each part by a reader of its own, that knows what the one before has written down."""
    here = reader()
    for begin, end in zip([0, *stops], [*stops, len(lines)], strict=True):
        yield from here.read(lines[begin:end])
        written = json.dumps(as_json(here.held()))
        here = reader()
        resuming(here.resume, json.loads(written))
    yield from here.end()


@pytest.mark.parametrize("path", LOGS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_after_every_line(path: Path) -> None:
    lines = LOGS[path]
    whole = reader()
    expected = [*whole.read(lines), *whole.end()]
    assert list(in_parts(lines, list(range(1, len(lines))))) == expected


@given(st.lists(st.sampled_from(sorted(LOGS)), min_size=1, max_size=5), st.data())
def test_anywhere_in_logs_that_follow_each_other(paths: list[Path], data: st.DataObject) -> None:
    lines = [line for path in paths for line in LOGS[path]]
    stops = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=6)))
    whole = reader()
    expected = [*whole.read(lines), *whole.end()]
    assert list(in_parts(lines, stops)) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["octets", "logged", "list", "set", "dict", "x"]), inner, max_size=2
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_what_is_nobodys_is_a_value_error(told: Any) -> None:
    for use in (from_json, lambda it: resuming(reader().resume, it)):
        with suppress(ValueError):
            use(told)


HELD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: (
        st.tuples(inner, inner)
        | st.lists(inner, max_size=3)
        | st.dictionaries(st.binary() | st.text(), inner, max_size=3)
        | st.sets(st.binary(), max_size=3)
    ),
    max_leaves=12,
)


@given(HELD)
def test_there_and_back(held: Any) -> None:
    assert from_json(json.loads(json.dumps(as_json(held)))) == held
