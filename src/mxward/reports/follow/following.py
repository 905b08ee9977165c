"""Reading a log while it grows: through rotation, truncation and restarts, each line once.

A file that has lost the log's name is read to its end before the next one is begun, and left when
it has been quiet for a while: whoever writes may still have it open. See `tail` for which file is
which. What has no line end yet waits for it, as long as its file may grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mxward.reports.follow.seeing import Moving, Readable, look_at, opened, survey
from mxward.reports.follow.splitting import Splitter
from mxward.reports.follow.tail import Place, Route, Stop, route

__all__ = ["Batch", "Follower"]

_QUIET = 2
"""How often there may be nothing more in the file that had the name last, before it is left."""

_LOOKED_BACK = 1 << 16


@dataclass(slots=True)
class Batch:
    """Lines that follow each other."""

    lines: list[bytes] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)  # what the operator should know


class Follower:
    """One log. `place` is how far it was read by another one; without it, from the beginning, or
    from the end that it has now.
    """

    def __init__(self, path: Path, place: Place | None = None, *, from_end: bool = False) -> None:
        self.path = path
        self._before = place  # where to go on, until a file is open
        self._from_end = from_end
        self._file: Readable | None = None
        self._former = place.former if place else b""
        self._splitter = Splitter()
        self._offset = 0  # of what was taken in
        self._quiet = 0

    @property
    def place(self) -> Place | None:
        """How far its lines have been given out; None where nothing has ever been there."""
        return self._before if self._file is None else self._place_in(self._file)

    def poll(self) -> Batch | None:
        """The lines that have come; None where none have. Raises OSError, SourceError."""
        try:
            if self._file is None:
                remarks = self._begin()
                if remarks:
                    return Batch([], remarks)
            return None if self._file is None else self._more(self._file)
        except Moving:
            return None

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._before = self._place_in(self._file)
            self._file.close()
            self._file = None

    def _more(self, file: Readable) -> Batch | None:
        place = self._place_in(file)
        if file.was_empty:
            there = route(place, *survey(self.path, place))
            if there.here is None or there.lost:
                return self._go_on_in_a_copy(file)
        piece = file.read()
        if piece is None:
            return self._go_on_in_a_copy(file)
        if piece:
            self._quiet = 0
            self._offset += len(piece)
            return Batch(self._splitter.add(piece))
        if self._may_grow(file):
            self._quiet = 0
            return None
        self._quiet += 1
        place = self._place_in(file)
        there = route(place, *survey(self.path, place))
        if self._quiet < _QUIET and len(there.after) < 2 and not file.packed:
            return None
        return self._leave(file, there)

    def _may_grow(self, file: Readable) -> bool:
        """Whether it has the log's name, or nobody has and nothing comes after it."""
        try:
            about = self.path.stat()
        except FileNotFoundError:
            place = self._place_in(file)
            return not file.packed and not route(place, *survey(self.path, place)).after
        return about.st_ino == file.place(0).inode

    def _place_in(self, file: Readable) -> Place:
        place = file.place(self._offset - self._splitter.waiting)
        return replace(place, former=self._former)

    # -- from one file to another ---------------------------------------------------------------

    def _begin(self) -> list[str]:
        """Open the first file, or the one that another follower was at."""
        if self._before is None:
            live = look_at(self.path)
            if live is not None:
                from_end = self._from_end and not live.packed
                self._open([Stop(live, _end_of_lines(self.path, live.size) if from_end else 0)])
            self._from_end = False  # what comes later is read from its beginning
            return []
        there = route(self._before, *survey(self.path, self._before))
        begun = self._open(there.after if there.here is None else [there.here])
        return [self._lost(there)] if begun and there.lost else []

    def _leave(self, file: Readable, there: Route) -> Batch | None:
        """The file is done: begin the next one. Where it is gone, one after it may be as well."""
        splitter = self._splitter
        if not self._open(there.after):
            return None
        file.close()
        return Batch(splitter.end(), [self._lost(there)] if there.lost else [])

    def _go_on_in_a_copy(self, file: Readable) -> Batch | None:
        """The file was cut: what is left to be read of it may have been copied before."""
        place = self._place_in(file)
        there = route(place, *survey(self.path, place))
        if not self._open(there.after if there.here is None else [there.here]):
            return None
        file.close()
        if there.lost:
            return Batch([], [self._lost(there)])
        if there.here is None:
            return Batch()
        told = f"{self.path}: was copied to {there.here.seen.name} and truncated"
        return Batch([], [f"{told}: what was written in that moment is in no file"])

    def _lost(self, there: Route) -> str:
        return f"{self.path}: {there.lost}: lines may be missing"

    def _open(self, stops: Sequence[Stop]) -> bool:
        """The first of them; whether it was still there."""
        file = opened(self.path.parent, stops[0]) if stops else None
        if file is None:
            return False
        before, head = self.place, stops[0].seen.head
        if before is not None and before.head and not head.startswith(before.head):
            self._former = before.head
        self._file, self._offset = file, stops[0].offset
        self._splitter, self._quiet = Splitter(), 0
        return True


def _end_of_lines(path: Path, size: int) -> int:
    """Where the line begins that has no end yet."""
    with path.open("rb") as file:
        begin = max(size - _LOOKED_BACK, 0)
        file.seek(begin)
        end = file.read(size - begin).rfind(b"\n")
    return size if end < 0 else begin + end + 1
