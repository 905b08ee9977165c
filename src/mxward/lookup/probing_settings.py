"""How the auditor behaves: what it asks for, how politely, and how long it waits."""

from __future__ import annotations

from dataclasses import dataclass, field

from mxward.networks import Address
from mxward.smtp import auditmark
from mxward.smtp.probe import Way
from mxward.smtp.questions import Bounds

__all__ = ["Manners", "Patience", "Politeness"]


@dataclass(frozen=True, slots=True)
class Politeness:
    """What servers are spared. Times are in seconds.

    A network is a /24, and a /64 of IPv6: what stands in one room, behind one firewall.
    """

    per_address: int = 1
    per_network: int = 2
    overall: int = 128
    gap: float = 2.0
    """Between the end of a session with an address and the start of the next."""
    retries: tuple[float, ...] = (300.0, 1800.0)
    """How long after everything was asked once what was deferred (4xx) is asked again."""
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until a server counts as silent."""

    connect: float = 20.0
    banner: float = 30.0
    """postscreen takes 6 for its first one, and who delays it against spammers up to 20."""
    reply: float = 60.0
    farewell: float = 5.0
    session: float = 600.0
    server: float = 1800.0
    """For all sessions with a server together: a tarpit answers everything, in its own time."""


@dataclass(frozen=True, slots=True)
class Manners:
    """As whom the auditor comes, and how. Raises ValueError where a command could not hold it.

    `sender` is tried where the null sender is refused; empty where there is none. `key` tells an
    mxward by its mark. `control` is a recipient that no server here serves: who accepts it relays
    for us, so that what else it accepts proves nothing. Empty: it is not asked.
    """

    host: str
    sender: str = ""
    key: bytes = field(default=b"", repr=False)
    control: str = "postmaster@example.com"
    sources: tuple[Address, ...] = ()
    """Where sessions come from: the first address of the server's family; none: the kernel's."""
    starttls: bool = True
    implicit: frozenset[int] = frozenset((465,))
    """Ports with TLS from the first octet."""
    politeness: Politeness = field(default_factory=Politeness)
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        Way(auditmark.name_for("0" * 32, self.host), sender=self.sender)
        Way(self.host, sender=self.control)
