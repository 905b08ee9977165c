"""A log -> parts of about the same size that several processes can read at once.

Supported: Exim's own plain files. What is read of a part is what is read of it within the whole,
for each line has its time and its message (see `reading`). Not supported, and read whole: what is
compressed or comes through a pipe, and what went through syslog, where lines of one session or
parts of one long line belong together.
"""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from itertools import pairwise

from mxward.maillog.exim_lines import DATED
from mxward.maillog.recognise import Format
from mxward.reports.ingest.reading import Log, Part
from mxward.reports.ingest.sources import Source

__all__ = ["parts"]

_TRIED = 1000
"""Lines after a boundary of which one must have a time that is no other."""
_LOCAL = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]+)?\Z")


def parts(log: Log, whole: Part, count: int, zone: tzinfo) -> list[Part]:
    """At most so many parts of a log."""
    size = log.source.size
    if count < 2 or not log.source.splittable or size is None:
        return [whole]
    if log.format is Format.POSTFIX or DATED.match(log.source.beginning) is None:
        return [whole]
    found = {0}
    for number in range(1, count):
        boundary = _boundary(whole.log, size * number // count, zone)
        if boundary is not None:
            found.add(boundary)
    begins: list[int | None] = [*sorted(found), None]
    return [
        Part(whole.log, number, start or 0, end, whole.follows)
        for number, (start, end) in enumerate(pairwise(begins))
    ]


def _boundary(log: str, near: int, zone: tzinfo) -> int | None:
    """Where, soon after an octet, a line begins from which a clock goes on as if it had run."""
    with Source(log, near) as source:
        piece = next(source.pieces(), b"")
    begin = piece.find(b"\n") + 1
    for _ in range(_TRIED):
        end = piece.find(b"\n", begin)
        if not 0 < begin <= end:
            break
        if _has_its_time(piece[begin:end], zone):
            return near + begin
        begin = end + 1
    return None


def _has_its_time(line: bytes, zone: tzinfo) -> bool:
    """Whether it is known without the lines before: not so in an hour that comes twice."""
    found = DATED.match(line)
    if found is None:
        return False
    if _LOCAL.match(found[1]) is None:
        return True
    try:
        at = datetime.fromisoformat(found[1][:19].decode("ascii")).replace(tzinfo=zone)
        return at.timestamp() == at.replace(fold=1).timestamp()
    except (ValueError, OverflowError):
        return False
