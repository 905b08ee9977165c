"""What a client has said and proven of itself so far."""

from __future__ import annotations

from dataclasses import dataclass

from mxward.model import Arrival
from mxward.smtp.identity import Peer
from mxward.smtp.vocabulary import NO_NAMES

__all__ = ["Client"]


@dataclass(slots=True)
class Client:
    """One for each session; the relay writes it, the others read."""

    peer: Peer
    helo: str = ""
    extended: bool = False  # greeted with EHLO
    secured: bool = False  # within TLS
    certificates: tuple[str, ...] = ()  # verified DNS names
    authenticated: str | None = None  # the mechanism; the name stays between client and mail server

    def arrival(self, sender: str, recipient: str) -> Arrival:
        """One recipient of one message of this client."""
        peer = self.peer
        return Arrival(
            peer.client,
            peer.server,
            self.helo,
            sender,
            recipient,
            self.authenticated,
            NO_NAMES,
            self.certificates,
        )

    def forget(self) -> None:
        """All that was said before TLS may have been somebody else's word (RFC 3207 4.2)."""
        self.helo = ""
        self.extended = False
        self.authenticated = None
