"""What a log is, by its first lines -> who can read it.

Supported: logs that begin in the middle of a message or of a line, that have strange lines, that
several programs or both mail servers write to, or that were put one after the other. Whatever is
found, each line goes to the reader that knows its form: what is found only tells the rejectlog from
the mainlog, and a log from a file that is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Any

from mxward.maillog import syslog
from mxward.maillog.exim import EximReader
from mxward.maillog.exim_lines import HEAD
from mxward.maillog.exim_rejected import for_the_rejectlog
from mxward.maillog.exim_told import told
from mxward.maillog.logged import Logged, Reader, Tally
from mxward.maillog.postfix import PostfixReader
from mxward.maillog.postfix_lines import OF_POSTFIX
from mxward.maillog.stamps import Clock

__all__ = ["ENOUGH", "Format", "reader_for", "recognise"]

ENOUGH = 1000
"""How many lines are looked at."""


class Format(StrEnum):
    """What a log is."""

    EXIM = "exim"  # the mainlog, as a file or through syslog
    REJECTLOG = "rejectlog"  # Exim's: the mainlog has the same attempts
    POSTFIX = "postfix"


def recognise(lines: Sequence[bytes]) -> Format | None:
    """By its first lines; None where there are none that a mail server writes."""
    exim = rejected = postfix = 0
    for line in lines[:ENOUGH]:
        entry, found = line, HEAD.match(line)
        if found is None:
            prefixed = syslog.split(line)
            if prefixed is None:
                continue
            postfix += OF_POSTFIX.match(prefixed.program) is not None
            if not prefixed.program.startswith(b"exim"):
                continue
            entry, found = prefixed.rest, HEAD.match(prefixed.rest)
        rest = entry if found is None else entry[found.end() :]
        if found is not None and found[2] and found[3]:
            exim += 1
        elif for_the_rejectlog(rest):
            exim += 1
            rejected += 1
        elif told(rest.lstrip()) is not None:
            exim += 1
    if postfix > exim:
        return Format.POSTFIX
    if exim:
        return Format.REJECTLOG if rejected == exim else Format.EXIM
    return None


def reader_for(found: Format | None, clock: Clock, *, host: str | None = None) -> Reader:
    """Who reads a log that is this, and whatever else is in it. `host`: see the readers."""
    return MixedReader(found, clock, host)


class MixedReader:
    """Gives each line to whom it belongs. Both readers count into one tally."""

    def __init__(self, found: Format | None, clock: Clock, host: str | None) -> None:
        self.tally = Tally()
        self._clock = clock
        rejectlog = found is Format.REJECTLOG
        exim = EximReader(clock, host=host, rejectlog=rejectlog, tally=self.tally)
        postfix = PostfixReader(clock, host=host, tally=self.tally)
        self._readers: dict[bool, Reader] = {True: exim, False: postfix}
        self._exim = found in (Format.EXIM, Format.REJECTLOG)  # who had the line before

    def read(self, lines: Iterable[bytes]) -> Iterator[Logged]:
        """What these lines tell. Never raises."""
        for exim, run in groupby(lines, self._of_exim):
            yield from self._readers[exim].read(run)

    def unfinished(self) -> set[bytes]:
        """The ids of the messages that wait."""
        return set().union(*(reader.unfinished() for reader in self._readers.values()))

    def end(self) -> Iterator[Logged]:
        """What was still waiting for later lines."""
        for reader in self._readers.values():
            yield from reader.end()

    def held(self) -> Any:
        """See `kept`."""
        both = [self._readers[exim].held() for exim in (True, False)]
        return (self._exim, self.tally.lines, self._clock.held(), *both)

    def resume(self, held: Any) -> None:
        """Go on from there."""
        self._exim, self.tally.lines, clock, exim, postfix = held
        self._clock.resume(clock)
        self._readers[True].resume(exim)
        self._readers[False].resume(postfix)

    def _of_exim(self, line: bytes) -> bool:
        """Whether it is Exim's. Lines of no known form belong to the line before."""
        if _SYSLOG.match(line):
            self._exim = _EXIM_IN_SYSLOG.match(line) is not None
        elif _EXIM.match(line):
            self._exim = True
        return self._exim


_STAMP = rb"(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} |[0-9]{4}-[0-9]{2}-[0-9]{2}T[^ ]+ )"
_EXIM = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2} ")
_SYSLOG = re.compile(rb"<[0-9]|[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:|[0-9]{4}-[0-9]{2}-[0-9]{2}T")
_EXIM_IN_SYSLOG = re.compile(rb"(?:<[0-9]{1,3}>)?(?:%s[^ ]+ |1 (?:[^ ]+ ){2})exim" % _STAMP)
