"""How much of everything one client may have, and how long anything may take."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits", "Timeouts"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one session may ask for. Sizes are in bytes."""

    commands: int = 200
    """Commands that bring no message forward, between two messages. Postfix allows 100."""
    errors: int = 50
    recipients: int = 1000
    """Of one message; RFC 5321 4.5.3.1.8 asks for at least 100."""
    line: int = 4096
    """Of a command; RFC 5321 4.5.3.1.4 asks for 512, extensions for somewhat more."""
    message_size: int = 0
    """The largest message; 0 leaves it to the mail server."""
    slow: int = 1024
    """What must come of a message within `Timeouts.data`, or its client is too slow."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds without progress (RFC 5321 4.5.3.2)."""

    command: float = 300.0
    data: float = 180.0
    handshake: float = 30.0
    """For a TLS handshake, and for a PROXY header."""
    decision: float = 60.0
    connect: float = 20.0
    hello: float = 30.0
    """For an upstream to connect, greet and answer EHLO. Less than the RFC's 5 minutes: the client
    waits for all of it in its own RCPT, and there may be another host to try."""
    reply: float = 300.0
    """For an upstream's answer to MAIL, RCPT, RSET or AUTH."""
    data_start: float = 120.0
    verdict: float = 600.0
