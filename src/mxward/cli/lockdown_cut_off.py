"""Whom a packet filter would shut out, by the operator's logs: loaded only where logs are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from mxward.cli import logs as reading
from mxward.cli.judging import Judged, judged
from mxward.cli.options import remark
from mxward.lockdown.nftables import Filter
from mxward.model import Door, Reason
from mxward.networks import Network, network
from mxward.reports.lent import numbers, ranges
from mxward.reports.summary import senders

__all__ = ["CutOff", "cut_off", "look"]

_MOST = 50  # that are told one by one
_LOOPBACK = (network("127.0.0.0/8"), network("::1"))
_WHO = {
    Reason.AUTHENTICATED: "authenticated",
    Reason.NOT_OURS: "brought mail for domains that are not in the inventory",
    Reason.RELAY: "brought mail for domains that are not in the inventory",
    Reason.CERTIFICATE: "came by the front door of {domain}, known by its certificate",
    Reason.TRUSTED: "is trusted for {domain}, but not by its address",
}


class CutOff(NamedTuple):
    """A client that would be shut out, and what it has brought in one way."""

    client: str
    door: str
    reason: str
    domain: str
    recipients: int
    days: int
    last_at: datetime

    def __str__(self) -> str:
        who = _WHO.get(Reason(self.reason)) or _AT_DOOR[Door(self.door)]
        days = "1 day" if self.days == 1 else f"{self.days:,} days"
        told = f"{self.client} {who.format(domain=self.domain)}: {self.recipients:,} recipients"
        return f"{told} on {days}, until {self.last_at:%Y-%m-%d}"


_AT_DOOR = {
    Door.BACK: "looks honest, by the back door of {domain}",
    Door.FRONT: "came by the front door of {domain}, as it was then",
    Door.OPEN: "brought mail for {domain}, which nothing stands in front of",
    Door.UNKNOWN: "brought mail for {domain}, whose front door was not known",
    Door.OUTSIDE: "brought mail for {domain}",
}


def look(
    path: Path, names: Sequence[str], zone: str | None, wanted: Filter, clients: Iterable[Network]
) -> None:
    """Tell who would be shut out. Raises ValueError where there is one, and rules that refuse are
    wanted.
    """
    reading.need_reports()
    with judged(path, names, zone, False, None) as told:
        if told.problems:
            raise ValueError(f"{told.problems[0]}; nothing is written, for that log tells nothing")
        found = cut_off(told, wanted, clients)
    for each in found[:_MOST]:
        remark(f"would be shut out: {each}")
    if len(found) > _MOST:
        remark(f"and {len(found) - _MOST:,} more")
    if found and wanted.refuses and not wanted.even_so:
        raise ValueError(
            "nothing is written, for these would be shut out: trust them (mxward trust suggest), "
            "or say --even-so"
        )


def cut_off(told: Judged, wanted: Filter, clients: Iterable[Network]) -> list[CutOff]:
    """Those with most mail first. Raises EngineError."""
    engine = told.engine
    senders(engine, told.inventory)  # lends who looks honest
    engine.lend("let_in", ranges((*clients, *wanted.servers, *_LOOPBACK)))
    engine.lend("servers", ranges(wanted.servers))
    engine.lend("ports", numbers("port", wanted.ports))
    return [CutOff(**row) for row in engine.ask("cut_off").to_pylist()]
