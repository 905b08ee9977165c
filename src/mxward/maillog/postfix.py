"""Postfix's mail log -> arrivals, joined by queue id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mxward.maillog import syslog
from mxward.maillog.logged import Logged, Tally
from mxward.maillog.postfix_lines import OF_POSTFIX
from mxward.maillog.stamps import Clock

__all__ = ["PostfixReader"]


class PostfixReader:
    """Reads one log, in order. Every line is counted once, as told or as strange."""

    def __init__(
        self, clock: Clock, *, host: str | None = None, tally: Tally | None = None
    ) -> None:
        self.tally = Tally() if tally is None else tally
        self._clock = clock
        self._host = host

    def read(self, lines: Iterable[bytes]) -> Iterator[Logged]:
        """What these lines tell. Never raises."""
        for line in lines:
            self.tally.lines += 1
            prefixed = syslog.split(line)
            if prefixed is None:
                self.tally.wonder("does not begin with a time", self.tally.lines, line)
            elif OF_POSTFIX.match(prefixed.program):
                self.tally.told["of Postfix"] += 1
            else:
                self.tally.told["of another program"] += 1
        yield from ()

    def end(self) -> Iterator[Logged]:
        """Nothing more will come."""
        yield from ()
