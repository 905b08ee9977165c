"""All that the relay and the I/O half say to each other: what happened, and what to do.

Bytes from the client and from the upstream are events; so are a decision, a connection made or
failed, TLS that stands, a peer that went away, and time that ran out. Effects are carried out in
order. None is changed once it is made; they are not frozen, for that would double their cost, and
there are dozens to a session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mxward.model import Arrival, ConfirmedNames, Decision
from mxward.networks import Address
from mxward.smtp.extensions import Extensions
from mxward.smtp.secrecy import Tls

__all__ = [
    "Abort",
    "ClientBytes",
    "ClientEnd",
    "ClientGone",
    "ClientSecured",
    "Close",
    "Connect",
    "Connected",
    "Decide",
    "Decided",
    "Effect",
    "Endpoint",
    "Event",
    "Finish",
    "Keep",
    "Later",
    "Learned",
    "Log",
    "SecureClient",
    "SecureUpstream",
    "Send",
    "SendUpstream",
    "TimedOut",
    "UpstreamBytes",
    "UpstreamGone",
    "UpstreamSecured",
]


NO_NAMES = ConfirmedNames()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address to connect to; `scanner` is empty for the mail server.

    `name` is the host's, and what a verified certificate must be made out to. `implicit` is TLS
    from the first octet (RFC 8314 3.3), of which `tls` says how much.
    """

    address: Address
    port: int
    name: str = ""
    scanner: str = ""
    tls: Tls = Tls.NONE
    implicit: bool = False

    def __str__(self) -> str:
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"{host}:{self.port}"


# -- what happened ----------------------------------------------------------------------------


@dataclass(slots=True)
class ClientBytes:
    data: bytes


@dataclass(slots=True)
class ClientEnd:
    """The client sends no more; it may still read."""


@dataclass(slots=True)
class ClientGone:
    """The client closed or broke its connection."""


@dataclass(slots=True)
class ClientSecured:
    """The client's connection goes on in TLS; `certificates` are its verified DNS names."""

    certificates: tuple[str, ...] = ()


@dataclass(slots=True)
class Decided:
    """The answer to Decide. `endpoints` are where it may be rerouted, in the order to try.

    `names` are the client's, where the mail server is to be told them.
    """

    arrival: Arrival
    decision: Decision
    endpoints: tuple[Endpoint, ...] = ()
    names: ConfirmedNames = NO_NAMES


@dataclass(slots=True)
class Connected:
    """The connection that Connect asked for stands.

    `kept` is what the upstream offered when the connection served another client.
    """

    kept: Extensions | None = None


@dataclass(slots=True)
class UpstreamSecured:
    """The upstream connection goes on in TLS."""


@dataclass(slots=True)
class UpstreamBytes:
    data: bytes


@dataclass(slots=True)
class UpstreamGone:
    """The upstream could not be reached, or went away."""

    why: str = "connection closed"


@dataclass(slots=True)
class TimedOut:
    """Nothing came within the time that `Relay.patience` gave."""


Event = (
    ClientBytes
    | ClientEnd
    | ClientGone
    | ClientSecured
    | Decided
    | Connected
    | UpstreamSecured
    | UpstreamBytes
    | UpstreamGone
    | TimedOut
)


# -- what to do -------------------------------------------------------------------------------


@dataclass(slots=True)
class Send:
    """Write to the client."""

    data: bytes


@dataclass(slots=True)
class SecureClient:
    """Read nothing more in the clear, write this, and go on in TLS; answer with ClientSecured."""

    data: bytes


@dataclass(slots=True)
class SendUpstream:
    data: bytes


@dataclass(slots=True)
class Decide:
    """Ask the policy; answer with Decided."""

    arrival: Arrival


@dataclass(slots=True)
class Connect:
    """Open the upstream connection; answer with Connected or UpstreamGone.

    Where `kept` is allowed, one that served another client before may do. `source` is the client's
    own address, where the connection is to come from there.
    """

    endpoint: Endpoint
    kept: bool = False
    source: Address | None = None


@dataclass(slots=True)
class SecureUpstream:
    """Go on in TLS; answer with UpstreamSecured or UpstreamGone."""

    endpoint: Endpoint


@dataclass(slots=True)
class Keep:
    """The upstream connection is free for the next client: it owes nothing, and holds nothing."""

    endpoint: Endpoint
    extensions: Extensions


@dataclass(slots=True)
class Abort:
    """Drop the upstream connection at once; what it was sent is not to become a message.

    `why` is for the operator, where there is something to mend.
    """

    why: str = ""


@dataclass(slots=True)
class Finish:
    """Close the upstream connection once what was written (QUIT) has gone out."""


@dataclass(slots=True)
class Close:
    """Close the client's connection once what was written has gone out."""


@dataclass(slots=True)
class Later:
    """More commands wait: hand in ClientBytes(b"") when others have had their turn."""


@dataclass(slots=True)
class Learned:
    """The mail server's EHLO: what may be offered to the clients to come."""

    extensions: Extensions


@dataclass(slots=True)
class Log:
    """One line for the log; `loud` where a person should look at it."""

    event: str
    fields: Mapping[str, object] = field(default_factory=dict)
    loud: bool = False


Effect = (
    Send
    | SecureClient
    | SendUpstream
    | SecureUpstream
    | Decide
    | Connect
    | Keep
    | Abort
    | Finish
    | Close
    | Later
    | Learned
    | Log
)
