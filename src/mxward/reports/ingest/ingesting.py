"""Who reads what: this process one log after the other, or several processes at once.

names -> opened, recognised, known by how they begin -> parts -> rows in files -> published
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import tzinfo
from pathlib import Path

from mxward.reports import parquet
from mxward.reports.ingest.books import Book, Books, Outcome
from mxward.reports.ingest.sources import shown
from mxward.reports.ingest.tasks import Task, carry_out
from mxward.reports.ingest.workers import in_processes

__all__ = ["Progress", "ingest"]

Progress = Callable[[int, int | None], None]
"""Hears how many octets more are read, and of how many in all; None where nobody knows."""

_WORTH = 16_000_000
"""Octets for which another process is worth while."""


def ingest(
    logs: Sequence[str],
    directory: Path,
    *,
    zone: tzinfo,
    host: str | None = None,
    jobs: int = 1,
    progress: Progress = lambda octets, of: None,
    worth: int = _WORTH,
) -> Outcome:
    """Read logs into the table in a directory, in at most so many processes.

    `host` is who wrote them, where they do not say so. What cannot be read is told, not raised;
    raises TableError where the table cannot be written.
    """
    names = list(dict.fromkeys(logs))
    parquet.create(directory)
    books = Books(names, directory, zone, host)
    sizes = books.sizes
    regular = sum(size or 0 for size in sizes.values())
    of = None if None in sizes.values() else regular

    def hear(octets: int) -> None:
        progress(octets, of)

    apart = [log for log in names if sizes[log] is not None]
    if jobs == 1 or regular <= worth:
        apart = []
    try:
        for log in names:
            if log not in apart:
                _here(books, log, hear)
        if apart:
            share = max(worth, -(-regular // jobs))
            _apart(books, apart, share, min(jobs, -(-regular // worth)), hear)
    except OSError as why:
        raise parquet.TableError(f"{directory}: cannot be written: {parquet.reason(why)}") from why
    tallies = books.outcome.tallies
    in_order = [shown(name) for name in names if shown(name) in tallies]
    books.outcome.tallies = {name: tallies[name] for name in in_order}
    return books.outcome


def _here(books: Books, log: str, hear: Callable[[int], None]) -> None:
    book = books.open(log)
    if book is not None:
        with book.stack:
            [task] = book.tasks
            book.results[0] = carry_out(task, book.log, hear)
            books.finish(book)


def _apart(
    books: Books, logs: Sequence[str], share: int, processes: int, hear: Callable[[int], None]
) -> None:
    """Read logs in other processes."""
    opened: dict[str, Book] = {}
    with ExitStack() as unfinished:
        unfinished.callback(_give_up, opened)
        tasks = _tasks(books, opened, logs, share)
        for task, result in in_processes(tasks, processes, hear):
            book = opened[task.part.log]
            book.results[task.part.number] = result
            if len(book.results) == len(book.tasks):
                with book.stack:
                    books.finish(book)
                del opened[book.name]


def _give_up(opened: Mapping[str, Book]) -> None:
    for book in opened.values():
        book.stack.close()


def _tasks(
    books: Books, opened: dict[str, Book], logs: Sequence[str], share: int
) -> Iterator[Task]:
    """The largest logs first, so that nobody is left with one of them in the end."""
    for log in sorted(logs, key=lambda log: -(books.sizes[log] or 0)):
        book = books.open(log, share)
        if book is not None:
            opened[log] = book
            book.log.source.close()
            yield from book.tasks
