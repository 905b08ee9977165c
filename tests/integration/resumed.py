"""A real log, read by one reader after the other: each goes on where the one before has been."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from time import time

from mxward.maillog.kept import as_json, resuming
from mxward.maillog.logged import Logged, Reader
from mxward.maillog.recognise import Format, reader_for
from mxward.maillog.stamps import Clock

__all__ = ["read_in_parts"]


def read_in_parts(log: Path, found: Format, lines_each: int) -> list[Logged]:
    """What it tells, by a new reader after so many lines."""
    now = time()

    def new() -> Reader:
        return reader_for(found, Clock(UTC, now))

    lines = log.read_bytes().removesuffix(b"\n").split(b"\n")
    reader, logged = new(), list[Logged]()
    for begin in range(0, len(lines), lines_each):
        logged += reader.read(lines[begin : begin + lines_each])
        held, reader = json.dumps(as_json(reader.held())), new()
        resuming(reader.resume, json.loads(held))
    return [*logged, *reader.end()]
