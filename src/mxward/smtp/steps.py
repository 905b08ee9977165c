"""What passes between the relay and one upstream connection: questions, answers, and their end.

None is changed once it is made; they are not frozen, for that would double their cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mxward.smtp.extensions import Extensions
from mxward.smtp.replies import Reply

__all__ = ["Answer", "Ask", "Broken", "Greeted", "Outcome", "Rejected", "SecureNow", "Step", "fits"]


class Step(Enum):
    """What the upstream owes a reply to."""

    GREETING = "greeting"
    EHLO = "EHLO"
    HELO = "HELO"
    STARTTLS = "STARTTLS"
    XCLIENT = "XCLIENT"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    VOID = "RCPT behind a refused MAIL"
    DATA = "DATA"
    CHUNK = "BDAT"
    END = "end of data"
    RSET = "RSET"
    QUIT = "QUIT"

    __hash__ = object.__hash__  # each is one object; Enum's own hash is several times slower


HELLO = frozenset((Step.GREETING, Step.EHLO, Step.HELO, Step.STARTTLS, Step.XCLIENT))


@dataclass(slots=True)
class Ask:
    """A command to send, without its CRLF."""

    step: Step
    line: str


@dataclass(slots=True)
class Greeted:
    """The upstream has said what it offers, and knows who comes."""

    extensions: Extensions


@dataclass(slots=True)
class SecureNow:
    """The upstream waits for the TLS handshake."""


@dataclass(slots=True)
class Rejected:
    """The upstream wants nothing of us, or we of it: its greeting, HELO, TLS or XCLIENT.

    `why` is for the operator, where there is something to mend.
    """

    reply: Reply
    why: str = ""


@dataclass(slots=True)
class Answer:
    """The reply to what was asked: RCPT (or the MAIL before it), DATA, its end, RSET, AUTH."""

    step: Step
    reply: Reply


@dataclass(slots=True)
class Broken:
    """The upstream broke the protocol; its text is fit for a log. The connection is of no use."""

    why: str


Outcome = Greeted | SecureNow | Rejected | Answer | Broken


def fits(step: Step, reply: Reply) -> bool:
    """Whether a reply means anything at this step (RFC 5321 4.3.2): go on, or a refusal."""
    if reply.code >= 400:
        return True
    if step is Step.DATA:
        return reply.code == 354
    if step is Step.STARTTLS:
        return reply.code == 220  # behind any other success nobody knows what it waits for
    if step is Step.AUTH:
        return reply.code in (235, 334)
    return reply.positive and step is not Step.VOID
