"""All that the relay and the I/O half say to each other: what happened, and what to do.

Bytes from the client and from the upstream are events; so are a decision, a connection made or
failed, a peer that went away, and time that ran out. Effects are carried out in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mxward.model import Arrival, Decision
from mxward.networks import Address
from mxward.smtp.extensions import Extensions

__all__ = [
    "Abort",
    "ClientBytes",
    "ClientEnd",
    "ClientGone",
    "Close",
    "Connect",
    "Connected",
    "Decide",
    "Decided",
    "Effect",
    "Endpoint",
    "Event",
    "Finish",
    "Later",
    "Learned",
    "Log",
    "Send",
    "SendUpstream",
    "TimedOut",
    "UpstreamBytes",
    "UpstreamGone",
]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address to connect to; `scanner` is empty for the mail server."""

    address: Address
    port: int
    name: str = ""
    scanner: str = ""

    def __str__(self) -> str:
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"{host}:{self.port}"


# -- what happened ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClientBytes:
    data: bytes


@dataclass(frozen=True, slots=True)
class ClientEnd:
    """The client sends no more; it may still read."""


@dataclass(frozen=True, slots=True)
class ClientGone:
    """The client closed or broke its connection."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer to Decide. `endpoints` are where the transaction may go, in the order to try."""

    arrival: Arrival
    decision: Decision
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Connected:
    """The connection that Connect asked for stands."""


@dataclass(frozen=True, slots=True)
class UpstreamBytes:
    data: bytes


@dataclass(frozen=True, slots=True)
class UpstreamGone:
    """The upstream could not be reached, or went away."""

    why: str = "connection closed"


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Nothing came within the time that `Relay.patience` gave."""


Event = (
    ClientBytes
    | ClientEnd
    | ClientGone
    | Decided
    | Connected
    | UpstreamBytes
    | UpstreamGone
    | TimedOut
)


# -- what to do -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    """Write to the client."""

    data: bytes


@dataclass(frozen=True, slots=True)
class SendUpstream:
    data: bytes


@dataclass(frozen=True, slots=True)
class Decide:
    """Ask the policy; answer with Decided."""

    arrival: Arrival


@dataclass(frozen=True, slots=True)
class Connect:
    """Open the upstream connection; answer with Connected or UpstreamGone."""

    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class Abort:
    """Drop the upstream connection at once; what it was sent is not to become a message."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Close the upstream connection once what was written (QUIT) has gone out."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the client's connection once what was written has gone out."""


@dataclass(frozen=True, slots=True)
class Later:
    """More commands wait: hand in ClientBytes(b"") when others have had their turn."""


@dataclass(frozen=True, slots=True)
class Learned:
    """The mail server's EHLO: what may be offered to the clients to come."""

    extensions: Extensions


@dataclass(frozen=True, slots=True)
class Log:
    """One line for the log; `loud` where a person should look at it."""

    event: str
    fields: Mapping[str, object] = field(default_factory=dict)
    loud: bool = False


Effect = Send | SendUpstream | Decide | Connect | Abort | Finish | Close | Later | Learned | Log
