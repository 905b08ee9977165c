"""A log that is read in parts says what it says as a whole."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.reports.ingest import ingest
from mxward.reports.ingest.books import Books
from mxward.reports.ingest.tasks import carry_out
from tests.reports.ingest.tables import ARRIVAL, counted, rows

BERLIN = ZoneInfo("Europe/Berlin")
FORMS = """
{t} {id} <= a@b.example H=mx{n}.b.example [192.0.2.{n}] P=esmtps S={n}
{t} {id} <= <> H=mx{n}.b.example [192.0.2.{n}] P=esmtp S={n} for u{n}@it.co.za v@it.co.za
{t} {id} <= a@b.example U=root P=local S={n}
{t} {id} <= a@b.example H=(x) [192.0.2.{n}] nothing more
{t} {id} => u{n} <u{n}@it.co.za> R=virtual T=dovecot
{t} {id} -> w{n}@it.co.za R=virtual T=dovecot
{t} {id} == u{n}@it.co.za R=virtual T=dovecot defer (-1): later
{t} {id} ** u{n}@it.co.za R=virtual T=dovecot: never
{t} {id} => <what>
{t} {id} Completed
{t} H=mx{n}.b.example [192.0.2.{n}] F=<a@b.example> rejected RCPT <x@it.co.za>: no
{t} Start queue run: pid={n}
2026-13-01 00:00:00 {id} <= a@b.example P=local S=1
what is this, {id} <= {n}
""".strip("\n").split("\n")  # fmt: skip
IDS = ["1PIcQq-00040L-2X", "1vb66i-00Fiix-1s", "1vb66i-00000000000-0001"]
LINE = st.tuples(
    st.sampled_from(FORMS), st.sampled_from(IDS), st.integers(1, 9), st.sampled_from([0, 0, 9, 999])
)


def log(lines: list[tuple[str, str, int, int]], begin: datetime) -> bytes:
    """As Exim in Berlin writes it: the clock on the wall, which is set back once."""
    at, told = begin, []
    for form, id_, n, later in lines:
        at += timedelta(seconds=later)
        told.append(form.format(t=f"{at.astimezone(BERLIN):%Y-%m-%d %H:%M:%S}", id=id_, n=n))
    return "".join(f"{line}\n" for line in told).encode()


def in_parts(
    name: str, table: Path, count: int
) -> tuple[list[dict[str, Any]], tuple[Any, ...], int]:
    """What stands in the table, what was counted, and how many parts there were."""
    books = Books([name], table, BERLIN, None)
    table.mkdir()
    (table / "_logs").mkdir()
    book = books.open(name, Path(name).stat().st_size // count + 1)
    if book is None:
        return [], (), 0
    with book.stack:
        for task in book.tasks:
            book.results[task.part.number] = carry_out(task, None)
        books.finish(book)
    return rows(table), counted(books.outcome.tallies[name]), len(book.tasks)


@given(
    lines=st.lists(LINE, min_size=2, max_size=40),
    begin=st.sampled_from([datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]),
    count=st.integers(2, 6),
)
def test_the_parts_say_what_the_whole_says(
    lines: list[tuple[str, str, int, int]], begin: datetime, count: int
) -> None:
    lines = [(FORMS[-3], IDS[0], 1, 0), *lines]
    with tempfile.TemporaryDirectory() as place:
        name = Path(place) / "mainlog"
        name.write_bytes(log(lines, begin))
        whole = in_parts(str(name), Path(place) / "whole", 1)
        parts = in_parts(str(name), Path(place) / "parts", count)
    assert whole[2] == 1
    assert parts[:2] == whole[:2]


def test_samples_stand_in_the_order_of_the_log(tmp_path: Path) -> None:
    """Also where a line is understood only after the part before it."""
    arrived = "{t} {id} <= a@b.example H=mx{n}.b.example [192.0.2.{n}] P=esmtps S={n}"
    what = [(arrived, 0), (arrived, 1), (arrived, 0), ("{t} {id} => <what>", 0)]
    lines = [(form, IDS[id_], 1, 0) for form, id_ in (*what, ("{t} {id} => <what>", 1))]
    name = tmp_path / "mainlog"
    begin = datetime(2026, 5, 1, tzinfo=UTC)
    name.write_bytes(log([(FORMS[-3], IDS[0], 1, 0), *lines], begin))
    _, (_, _, _, samples), count = in_parts(str(name), tmp_path / "table", 2)
    assert count == 2
    assert [[number for number, _ in kept] for kept in samples.values()] == [[5, 6]]


def test_there_are_several_parts(tmp_path: Path) -> None:
    name = tmp_path / "mainlog"
    name.write_bytes(ARRIVAL * 40)
    assert in_parts(str(name), tmp_path / "table", 4)[2] == 4


def test_an_hour_that_comes_twice_is_not_cut(tmp_path: Path) -> None:
    """Half of it is the second one, which is known by the lines before."""
    name = tmp_path / "mainlog"
    minutes = [(FORMS[1], IDS[0], 1, 60)] * 110  # to 02:50 in winter
    name.write_bytes(log(minutes, datetime(2026, 10, 24, 23, 59, tzinfo=UTC)))
    found = in_parts(str(name), tmp_path / "table", 2)
    assert found[2] == 1
    assert found[0][-1]["arrived_at"] == datetime(2026, 10, 25, 1, 49, tzinfo=UTC)


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_parts_know_their_lines(ends: bytes, tmp_path: Path) -> None:
    name = tmp_path / "mainlog"
    name.write_bytes(ARRIVAL.replace(b"\n", ends) * 1000)
    found = in_parts(str(name), tmp_path / "table", 3)
    assert [row["line"] for row in found[0]] == list(range(1, 1001))
    assert found[2] == 3


def test_processes_do_the_same(tmp_path: Path, count: Callable[[int, int], int]) -> None:
    lines = [(form, id_, n, 1) for n in range(1, count(9, 99)) for id_ in IDS for form in FORMS]
    name = tmp_path / "mainlog"
    name.write_bytes(log(lines, datetime(2026, 5, 1, tzinfo=UTC)))
    whole = in_parts(str(name), tmp_path / "whole", 1)
    size = name.stat().st_size
    heard: list[int] = []
    outcome = ingest(
        [str(name)],
        tmp_path / "parts",
        zone=BERLIN,
        jobs=3,
        worth=size // 3,
        progress=lambda octets, of: heard.append(octets),
    )
    assert rows(tmp_path / "parts") == whole[0]
    assert counted(outcome.tallies[str(name)]) == whole[1]
    assert sum(heard) == size
    assert {row["line"] for row in whole[0]} <= set(range(1, len(lines) + 1))
