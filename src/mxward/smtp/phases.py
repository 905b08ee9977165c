"""What a session waits for, and for how long."""

from __future__ import annotations

from enum import Enum

from mxward.smtp.limits import Timeouts

__all__ = ["CLIENTS", "Phase", "patiences"]


class Phase(Enum):
    """What the session waits for."""

    COMMAND = "a command"
    TLS = "the TLS handshake"
    DECISION = "a decision"
    RCPT = "the answer to RCPT"
    DATA_START = "the answer to DATA"
    DATA = "the message"
    CHUNK = "a chunk of the message"
    CHUNK_ANSWER = "the answer to a chunk"
    DRAIN = "the end of a refused chunk"
    VERDICT = "the verdict on the message"
    RSET = "the answer to RSET"
    AUTH = "the mail server's part of AUTH"
    AUTH_LINE = "the client's part of AUTH"
    CLOSED = "nothing any more"

    __hash__ = object.__hash__  # each is one object; Enum's own hash is several times slower


CLIENTS = frozenset((Phase.COMMAND, Phase.DATA, Phase.CHUNK, Phase.DRAIN, Phase.AUTH_LINE))
"""In these it is the client's turn."""

_LAST_BYTES = 30.0
"""Seconds for the client to take what was written before the close."""

_TIMEOUTS = {
    Phase.COMMAND: "command",
    Phase.TLS: "handshake",
    Phase.DECISION: "decision",
    Phase.RCPT: "reply",
    Phase.DATA_START: "data_start",
    Phase.DATA: "data",
    Phase.CHUNK: "data",
    Phase.CHUNK_ANSWER: "data",
    Phase.DRAIN: "data",
    Phase.VERDICT: "verdict",
    Phase.RSET: "reply",
    Phase.AUTH: "reply",
    Phase.AUTH_LINE: "command",
}


def patiences(timeouts: Timeouts) -> dict[Phase, float]:
    """Seconds without any progress until TimedOut is due, for each phase."""
    waits = {phase: float(getattr(timeouts, name)) for phase, name in _TIMEOUTS.items()}
    return {**waits, Phase.CLOSED: _LAST_BYTES}
