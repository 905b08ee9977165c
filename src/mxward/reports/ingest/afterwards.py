"""Reading on after the end of a part of a log, for the messages that are not complete there.

Only lines about those are looked at. Whoever has these lines in a part of their own counts them
there, as lines about a message that is not known: what the beginning of the message changes in that
is a correction to the tally.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mxward.maillog.logged import Logged, Reader, Tally
from mxward.reports.ingest.sources import Source

__all__ = ["afterwards"]

_STAMP = rb"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]{8,18} (?:[-+][0-9]{4} )?(?:\[[0-9]+\] )?"
_ABOUT = re.compile(
    rb"(?:\A%s|\A[^ ].*?: (?:%s)?)([0-9A-Za-z]{5,}(?:-[0-9A-Za-z]+-[0-9A-Za-z]+)?)(?: |: )"
    % (_STAMP, _STAMP)
)
"""Which message a line is about: Exim's own lines, and those that went through syslog."""


def afterwards(
    reader: Reader, source: Source, stranger: Reader, correction: Tally
) -> Iterator[list[Logged]]:
    """What a log tells of the messages for which the reader waits; of others too, see their `line`.

    The reader's tally is lost. `stranger` is another one, that has read nothing.
    """
    ours, others = reader.tally, stranger.tally
    number = ours.lines
    for block in source.blocks():
        waiting = reader.unfinished()
        if not waiting:
            return
        for line in block:
            number += 1
            found = _ABOUT.match(line)
            if found is None or found[1] not in waiting:
                continue
            for tally in (ours, others):
                _forget(tally, number - 1)
            yield list(reader.read((line,)))
            for _ in stranger.read((line,)):
                pass
            if (ours.told, ours.strange) != (others.told, others.strange):
                _correct(correction, ours, others)


def _forget(tally: Tally, lines: int) -> None:
    tally.lines = lines
    for counted in (tally.told, tally.strange, tally.samples):
        counted.clear()


def _correct(correction: Tally, ours: Tally, others: Tally) -> None:
    ours.lines = 0
    correction.add(ours)
    correction.told.subtract(others.told)
    correction.strange.subtract(others.strange)
