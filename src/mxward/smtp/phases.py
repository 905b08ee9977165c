"""What a session waits for, and for how long."""

from __future__ import annotations

from enum import Enum

__all__ = ["HELLO", "PATIENCE", "Phase"]


class Phase(Enum):
    """What the session waits for."""

    COMMAND = "a command"
    DECISION = "a decision"
    RCPT = "the answer to RCPT"
    DATA_START = "the answer to DATA"
    DATA = "the message"
    VERDICT = "the verdict on the message"
    RSET = "the answer to RSET"
    CLOSED = "nothing any more"


PATIENCE = {
    Phase.COMMAND: 300.0,
    Phase.DECISION: 60.0,
    Phase.RCPT: 300.0,
    Phase.DATA_START: 120.0,
    Phase.DATA: 180.0,
    Phase.VERDICT: 600.0,
    Phase.RSET: 300.0,
    Phase.CLOSED: 30.0,
}
"""Seconds without any progress until TimedOut is due (RFC 5321 4.5.3.2)."""

HELLO = 30.0
"""Seconds for an upstream to connect, greet and answer EHLO. Less than the RFC's 5 minutes: the
client waits for all of it in its own RCPT, and there may be another host to try."""
