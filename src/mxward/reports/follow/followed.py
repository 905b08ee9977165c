"""What a log tells while it grows, and all that must be known to go on after a restart."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

from mxward.maillog.kept import as_json, from_json, resuming
from mxward.maillog.logged import Logged, Tally
from mxward.maillog.recognise import Format, reader_for, recognise
from mxward.maillog.stamps import Clock
from mxward.reports.follow.following import Follower
from mxward.reports.follow.tail import Place

__all__ = ["Followed", "News"]


@dataclass(frozen=True, slots=True)
class News:
    """What has come."""

    logged: list[Logged]
    remarks: list[str]


class Followed:
    """One log. `kept` is what another one has `held`; ValueError is raised where it is not.

    What waited for later lines when the other one stopped waits on.
    """

    def __init__(
        self, path: Path, zone: tzinfo, kept: Any = None, *, from_end: bool = False
    ) -> None:
        self._clock = Clock(zone, time.time())
        place, found, reader = _known(kept)
        self._format = found
        self._reader = None if reader is None else reader_for(found, self._clock)
        if self._reader is not None:
            resuming(self._reader.resume, reader)
        self._follower = Follower(path, place, from_end=from_end and kept is None)

    @property
    def path(self) -> Path:
        return self._follower.path

    @property
    def tally(self) -> Tally:
        """Of the lines that were read by this one."""
        return Tally() if self._reader is None else self._reader.tally

    def poll(self) -> News | None:
        """What the lines tell that have come; None where none have. Raises OSError, SourceError."""
        batch = self._follower.poll()
        if batch is None:
            return None
        self._clock.not_after = time.time()
        if self._reader is None and batch.lines:
            self._format = recognise(batch.lines)
            self._reader = reader_for(self._format, self._clock)
        logged = [] if self._reader is None else list(self._reader.read(batch.lines))
        return News(logged, batch.remarks)

    def held(self) -> Any:
        """As JSON. To be asked for when it was looked for news at least once: a log that is not
        there yet is read from its beginning.
        """
        place = self._follower.place
        where = None
        if place is not None:
            where = (place.inode, place.offset, place.head, place.changed_at, place.former)
        found = None if self._format is None else self._format.value
        reader = None if self._reader is None else as_json(self._reader.held())
        return {"place": as_json(where), "format": found, "reader": reader}

    def close(self) -> None:
        self._follower.close()


def _known(kept: Any) -> tuple[Place | None, Format | None, Any]:
    if kept is None:
        return None, None, None
    try:
        where = from_json(kept["place"])
        place = None if where is None else Place(*where)
        found = None if kept["format"] is None else Format(kept["format"])
        return place, found, kept["reader"]
    except (LookupError, TypeError) as error:
        raise ValueError(f"kept by another mxward: {error}") from None
