"""What the operator accepts: a door that may stay as it is, by whose word, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mxward.domains import Domains
from mxward.networks import Address, Network

__all__ = ["Waiver", "accepted", "expired"]


@dataclass(frozen=True, slots=True)
class Waiver:
    """One of [[audit.waivers]]. What is not given means any; `place` says where it stands."""

    owner: str
    note: str
    expires: float | None = None  # seconds since the epoch
    server: Network | None = None
    port: int | None = None
    domains: Domains = field(default_factory=Domains)
    place: str = ""

    def covers(self, server: Address | None, port: int, domain: str, now: float) -> bool:
        """Whether it is in force for one domain at one server; None is one known by name only."""
        if self.expires is not None and self.expires <= now:
            return False
        if self.server is not None and (server is None or server not in self.server):
            return False
        if self.port is not None and port != self.port:
            return False
        return not len(self.domains) or domain in self.domains


def accepted(
    waivers: Iterable[Waiver], server: Address | None, port: int, domain: str, now: float
) -> Waiver | None:
    """The first waiver that is in force."""
    return next((w for w in waivers if w.covers(server, port, domain, now)), None)


def expired(waivers: Iterable[Waiver], now: float) -> list[Waiver]:
    """Those that are over."""
    return [w for w in waivers if w.expires is not None and w.expires <= now]
