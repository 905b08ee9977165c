"""The table of arrivals as a directory of Parquet files, and which logs are in it.

    DIR/day=2010-11-17/ID-0.parquet     rows of one log and one day; one file for each part of it
    DIR/_logs/ID.json                   what was counted in that log
    DIR/.ID/                            what is being written, until it is complete

A log is known by how it begins, not by its name: tomorrow's `mainlog.1` is today's `mainlog`, and a
log that has grown begins as before. So whoever reads a log again replaces its own rows, and nobody
else's. Files appear complete or not at all; see docs/arrivals.md.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from mxward.maillog.logged import Tally
from mxward.reports.engine import EngineError

__all__ = [
    "NoTable",
    "Place",
    "TableError",
    "claimed",
    "create",
    "is_table",
    "new_place",
    "place_of",
    "reason",
    "tallies_of",
]

_LOGS = "_logs"


class TableError(EngineError):
    """The table cannot be written; one line says why."""


class NoTable(TableError):
    """What was named is something else."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one log's rows are in a table, and where they wait until they are complete."""

    table: Path
    id: str

    @property
    def scratch(self) -> Path:
        return self.table / f".{self.id}"

    @property
    def account(self) -> Path:
        """Of what was counted."""
        return self.table / _LOGS / f"{self.id}.json"

    def counted(self) -> Tally | None:
        """What an earlier reading has counted; None where there was none."""
        try:
            return _tally(json.loads(self.account.read_text("utf-8")))
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def publish(self, log: str, host: str | None, tally: Tally) -> None:
        """Put what was written into the table, in place of what an earlier reading has left.

        Raises OSError.
        """
        new = sorted(self.scratch.glob("day=*/*.parquet"))
        for path in new:
            (self.table / path.parent.name).mkdir(exist_ok=True)
            path.replace(self.table / path.relative_to(self.scratch))
        kept = {path.relative_to(self.scratch) for path in new}
        for old in list(self.table.glob(f"day=*/{self.id}-*.parquet")):
            if old.relative_to(self.table) not in kept:
                old.unlink()
        account = self.scratch / "account"
        account.write_text(json.dumps(_account(log, host, tally), indent=1), "utf-8")
        account.replace(self.account)


def is_table(path: Path) -> bool:
    """Whether this is a directory that `mxward ingest` has written."""
    return path.is_dir() and ((path / _LOGS).is_dir() or any(path.glob("day=*/")))


def create(path: Path) -> None:
    """Let a directory be a table: a new one, an empty one, or one that is.

    Raises NoTable where it is something else, TableError where it cannot be written.
    """
    try:
        if path.exists() and not path.is_dir():
            raise NoTable(f"{path}: is no directory")
        path.mkdir(parents=True, exist_ok=True)
        if not is_table(path) and any(path.iterdir()):
            raise NoTable(f"{path}: has other files in it; name a new or an empty directory")
        (path / _LOGS).mkdir(exist_ok=True)
    except OSError as why:
        raise TableError(f"{path}: cannot be written: {reason(why)}") from why


def reason(why: OSError) -> str:
    """In the system's own words: others put theirs around them."""
    return os.strerror(why.errno) if why.errno else str(why)


def place_of(table: Path, beginning: bytes, host: str | None) -> Place:
    """The place of a log that begins like this: where it was read before, it may have been shorter.

    Raises OSError.
    """
    by_length = defaultdict(set)
    for path in (table / _LOGS).glob("*.json"):
        by_length[path.stem.partition("-")[0]].add(path.stem)
    for length, ids in sorted(by_length.items(), reverse=True):
        if length.isdigit() and int(length) <= len(beginning):
            place = new_place(table, beginning[: int(length)], host)
            if place.id in ids:
                return place
    return new_place(table, beginning, host)


def new_place(table: Path, beginning: bytes, host: str | None) -> Place:
    """A place for a log that begins like this and was never read."""
    named = (host or "").encode("utf-8", "surrogateescape") + b"\0" + beginning
    return Place(table, f"{len(beginning):04}-{sha256(named).hexdigest()[:20]}")


@contextmanager
def claimed(place: Place) -> Iterator[None]:
    """Nobody else has the place meanwhile; what is not published is gone afterwards.

    Raises TableError where another process has it, and OSError.
    """
    lock = _locked(place.scratch)
    try:
        for left in place.scratch.iterdir():  # by one that was killed
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield
    finally:
        shutil.rmtree(place.scratch, ignore_errors=True)
        os.close(lock)


def _locked(scratch: Path) -> int:
    while True:
        scratch.mkdir(exist_ok=True)
        lock = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if scratch.stat().st_ino == os.fstat(lock).st_ino:
                return lock
        except BlockingIOError:
            os.close(lock)
            raise TableError(f"{scratch.parent}: another process reads the same log") from None
        except FileNotFoundError:  # whoever had it has just removed it
            pass
        os.close(lock)


# -- what was counted -----------------------------------------------------------------------------


def tallies_of(directory: Path) -> dict[str, Tally]:
    """What was counted in each log of a table; logs of one name and host are one."""
    tallies: dict[str, Tally] = {}
    for path in sorted((directory / _LOGS).glob("*.json")):
        try:
            account = json.loads(path.read_text("utf-8"))
            host, log = account["host"], account["log"]
            name = log if host is None else f"{host}:{log}"
            tally = _tally(account)
        except (OSError, ValueError, LookupError, TypeError):
            continue  # somebody else's file
        tallies.setdefault(str(name), Tally()).add(tally)
    return tallies


def _account(log: str, host: str | None, tally: Tally) -> dict[str, Any]:
    return {
        "log": log,
        "host": host,
        "lines": tally.lines,
        "told": dict(tally.told),
        "strange": dict(tally.strange),
        "samples": tally.samples,
    }


def _tally(account: dict[str, Any]) -> Tally:
    tally = Tally()
    tally.lines = int(account["lines"])
    tally.told.update(account["told"])
    tally.strange.update(account["strange"])
    tally.samples = {
        str(kind): [(int(number), str(text)) for number, text in samples]
        for kind, samples in account["samples"].items()
    }
    return tally
