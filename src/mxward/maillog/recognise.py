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
from typing import Any

from mxward.maillog import syslog
from mxward.maillog.exim import EximReader
from mxward.maillog.exim_lines import ABOUT, DATED
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
        dated = DATED.match(line)
        about = dated and ABOUT.match(line, dated.end())
        if about is None:
            prefixed = syslog.split(line)
            if prefixed is not None:
                exim += prefixed.program.startswith(b"exim")
                postfix += OF_POSTFIX.match(prefixed.program) is not None
            continue
        rest = line[about.end() :].lstrip()
        if for_the_rejectlog(rest):
            rejected += 1
        elif (about[1] and about[2]) or told(rest) is not None:
            exim += 1
    if postfix > exim + rejected:
        return Format.POSTFIX
    if exim or rejected:
        return Format.EXIM if exim else Format.REJECTLOG
    return None


def reader_for(found: Format | None, clock: Clock, *, host: str | None = None) -> Reader:
    """Who reads a log that is this, and whatever else is in it. `host`: see the readers."""
    return MixedReader(found, clock, host)


class MixedReader:
    """Two readers with one tally; each gives the other what is not its own."""

    def __init__(self, found: Format | None, clock: Clock, host: str | None) -> None:
        self.tally = Tally()
        self._clock = clock
        self._exim = EximReader(
            clock,
            host=host,
            rejectlog=found is Format.REJECTLOG,
            tally=self.tally,
            elsewhere=self._from_exim,
        )
        self._postfix = PostfixReader(
            clock, host=host, tally=self.tally, elsewhere=self._from_postfix
        )
        of_exim = found in (Format.EXIM, Format.REJECTLOG)
        self._first: Reader = self._exim if of_exim else self._postfix
        self._after_exim = False  # whether the last line that was not Postfix's was Exim's

    def read(self, lines: Iterable[bytes]) -> Iterator[Logged]:
        """What these lines tell. Never raises."""
        return self._first.read(lines)

    def unfinished(self) -> set[bytes]:
        """The ids of the messages that wait."""
        return self._exim.unfinished() | self._postfix.unfinished()

    def end(self) -> Iterator[Logged]:
        """What was still waiting for later lines."""
        yield from self._exim.end()
        yield from self._postfix.end()

    def held(self) -> Any:
        """See `kept`."""
        both = (self._exim.held(), self._postfix.held())
        return (self._after_exim, self.tally.lines, self._clock.held(), *both)

    def resume(self, held: Any) -> None:
        """Go on from there."""
        self._after_exim, self.tally.lines, clock, exim, postfix = held
        self._clock.resume(clock)
        self._exim.resume(exim)
        self._postfix.resume(postfix)

    def _from_exim(self, line: bytes) -> Iterable[Logged] | None:
        return self._again(self._postfix, line) if self._first is self._exim else None

    def _from_postfix(self, line: bytes) -> Iterable[Logged] | None:
        """Lines of no known form belong to the line before."""
        if self._first is self._exim:
            return None
        if _EXIM.match(line):
            self._after_exim = True
        elif _SYSLOG.match(line):
            self._after_exim = False
        return self._again(self._exim, line) if self._after_exim else None

    def _again(self, reader: Reader, line: bytes) -> Iterable[Logged]:
        """What it makes of a line that is counted already. All of it, before the next line."""
        self.tally.lines -= 1
        return list(reader.read((line,)))


_STAMP = rb"(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} |[0-9]{4}-[0-9]{2}-[0-9]{2}T[^ ]+ )"
_EXIM = re.compile(
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2} |(?:<[0-9]{1,3}>)?(?:%s[^ ]+ |1 (?:[^ ]+ ){2})exim" % _STAMP
)
_SYSLOG = re.compile(rb"<[0-9]|[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:|[0-9]{4}-[0-9]{2}-[0-9]{2}T")
