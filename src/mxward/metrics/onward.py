"""Counts the connections onward, and remembers when the mail server last answered, or failed to."""

from __future__ import annotations

from collections.abc import Callable

from mxward.metrics import catalogue
from mxward.metrics.board import Row
from mxward.metrics.events import target
from mxward.metrics.times import Times
from mxward.smtp.vocabulary import Endpoint

__all__ = ["Onward"]

_TO = ("mail-server", "scanner")


class Onward:
    """One process's connections. `clock` is the system's monotonic one: processes compare it."""

    def __init__(self, row: Row, clock: Callable[[], float]) -> None:
        self._row = row
        self._clock = clock
        self._failed: Endpoint | None = None
        self._times = {to: Times(row, catalogue.CONNECT_SECONDS, to) for to in _TO}
        self._columns = {
            (to, how): catalogue.UPSTREAMS.column(to, how)
            for to in _TO
            for how in ("made", "reused", "failed")
        }

    def made(self, endpoint: Endpoint, seconds: float) -> None:
        """A new connection stands, after so many seconds."""
        to = target(endpoint)
        self._row.add(self._columns[to, "made"])
        self._times[to].took(seconds)

    def reused(self, endpoint: Endpoint) -> None:
        """One that waited serves its next client."""
        self._row.add(self._columns[target(endpoint), "reused"])

    def failed(self, endpoint: Endpoint, *, nobody: bool = False) -> None:
        """None could be made, or not as it is wanted; where `nobody` is, the mail is well."""
        self._row.add(self._columns[target(endpoint), "failed"])
        if not endpoint.scanner and not nobody:
            self._failed = endpoint
            self._row.set(catalogue.FAILED, self._clock())

    @property
    def has_failed(self) -> Endpoint | None:
        """The mail server that failed last, if none has answered since."""
        fails = self._row.get(catalogue.FAILED) > self._row.get(catalogue.ANSWERED)
        return self._failed if fails else None

    def forget(self) -> None:
        """The mail server that failed is not served any more."""
        self._failed = None
        self._row.set(catalogue.FAILED, 0.0)

    def answered(self) -> None:
        """The mail server has greeted, and answered EHLO."""
        self._row.set(catalogue.ANSWERED, self._clock())
