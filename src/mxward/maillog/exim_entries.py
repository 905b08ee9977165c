"""One entry of Exim's log -> what it tells, the long way: any line that has a time."""

from __future__ import annotations

from collections.abc import Iterable

from mxward.maillog.exim_arrival import arrival
from mxward.maillog.exim_joined import Waiting
from mxward.maillog.exim_lines import ABOUT
from mxward.maillog.exim_rejected import rejection
from mxward.maillog.exim_told import told
from mxward.maillog.logged import Logged, Outcome, Tally
from mxward.maillog.strange import (
    NOT_A_DELIVERY,
    NOT_A_REJECTION,
    NOT_AN_ARRIVAL,
    UNKNOWN_TO_EXIM,
)

__all__ = ["ANY_TIME", "DELIVERIES", "KIND_OF", "Entries"]

ANY_TIME = b"1970-01-01 00:00:00 "
"""For what Exim has given to syslog without its own time; such lines are cut as if they had it."""
DELIVERIES = {mark.encode(): mark for mark in ("=>", "->", ">>", "*>", "**", "==")}
KIND_OF = {
    Outcome.ACCEPTED: "<=",
    Outcome.REJECTED: "rejected",
    Outcome.DEFERRED: "temporarily rejected",
}
"""What lines are called that tell of a message, or of an attempt to bring one."""
_REFUSALS = {
    "Connection from",
    "refused connection from",
    "rejected",
    "temporarily refused connection from",
    "temporarily rejected",
}


class Entries:
    """Tells them, and counts each; messages whose recipients are to come are put to the waiting."""

    def __init__(self, tally: Tally, waiting: Waiting) -> None:
        self._tally = tally
        self._waiting = waiting

    def tell(
        self, line: bytes, begin: int, at: float, host: str | None, number: int
    ) -> Iterable[Logged]:
        """One whose time stands before `begin`."""
        tally, about = self._tally, ABOUT.match(line, begin)
        message, mark = (None, None) if about is None else about.groups()
        begin = begin if about is None else about.end()
        id_ = None if message is None else message.decode("ascii")
        if id_ is None or mark is None:
            return self._unmarked(line, begin, at, host, id_, number)
        if mark == b"<=" or mark == b"(=":
            logged = arrival(line, begin, at, host, id_, number)
            return self.arrived(logged, mark.decode("ascii"), line, number)
        if mark == b"Completed":
            tally.told["Completed"] += 1
            return self._waiting.take((host, id_))
        if mark in DELIVERIES and self._waiting.delivered((host, id_), line, begin):
            tally.told[DELIVERIES[mark]] += 1
        else:
            self._wonder(NOT_A_DELIVERY, number, line)
        return ()

    def arrived(
        self, logged: Logged | None, mark: str, line: bytes, number: int
    ) -> Iterable[Logged]:
        """A message that was taken; None where the line that says so could not be understood."""
        if logged is None:
            self._wonder(NOT_AN_ARRIVAL, number, line)
            return ()
        self._tally.told[mark] += 1
        return (logged,) if logged.recipients else self._waiting.put(logged)

    def _unmarked(
        self, line: bytes, begin: int, at: float, host: str | None, message: str | None, number: int
    ) -> Iterable[Logged]:
        rest = line[begin:]
        refused = b"rejected " in rest or b"refused" in rest
        logged = rejection(rest, at, host, message, number) if refused else None
        if logged is not None:
            self._tally.told[KIND_OF[logged.outcome]] += 1
            return (logged,)
        kind = told(rest)
        if kind is not None and not (kind in _REFUSALS and rest.count(b") [") > 1):
            self._tally.told[kind] += 1
        elif b" <= " in line:
            self._wonder(NOT_AN_ARRIVAL, number, line)
        else:
            self._wonder(NOT_A_REJECTION if refused else UNKNOWN_TO_EXIM, number, line)
        return ()

    def _wonder(self, kind: str, number: int, entry: bytes) -> None:
        self._tally.wonder(kind, number, entry.removeprefix(ANY_TIME))
