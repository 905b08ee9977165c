"""Pairs of files: a log, and what it says.

In the JSON only what is known stands; `at` is in UTC. A log is read with `options`, by default as
one that was written in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mxward.maillog.logged import Logged, Reader
from mxward.maillog.stamps import Clock

NOT_AFTER = datetime(2026, 11, 30, tzinfo=UTC).timestamp()


def pairs(directory: str) -> list[Path]:
    """The logs of one directory beside this file."""
    return sorted((Path(__file__).parent / directory).glob("*.log"))


def lines_of(log: bytes) -> list[bytes]:
    """At line feeds only: `splitlines` would split at a lone CR, which a sender can write."""
    return [line + b"\n" for line in log.removesuffix(b"\n").split(b"\n")]


def plain(logged: Logged) -> dict[str, Any]:
    """As the JSON has it."""
    at = datetime.fromtimestamp(logged.at, UTC)
    told = {key: value for key, value in logged._asdict().items() if value is not None}
    told |= {"at": at.isoformat().removesuffix("+00:00"), "outcome": logged.outcome.value}
    told |= {"recipients": list(logged.recipients)}
    if not told["cut"]:
        del told["cut"]
    return told


def check(path: Path, program: str, make: Callable[..., Reader]) -> None:
    """What a reader makes of a log is what stands beside it, and no line is lost."""
    said = json.loads(path.with_suffix(".json").read_text())
    options = said.get("options", {})
    clock = Clock(ZoneInfo(options.pop("zone", "UTC")), NOT_AFTER)
    reader = make(clock, **options)
    lines = lines_of(path.read_bytes())
    logged = [plain(one) for one in (*reader.read(lines), *reader.end())]
    assert logged == [{"program": program, **one} for one in said["logged"]]
    assert dict(reader.tally.told) == said["told"]
    assert dict(reader.tally.strange) == said.get("strange", {})
    assert reader.tally.lines == len(lines)
    assert reader.tally.told.total() + reader.tally.strange.total() == len(lines)
