"""A decision -> the reply that a stranger can act on: the real MX, whom to ask, an id for the log.

Codes: 4.7.1 and 5.7.1 (delivery not authorised) at the back door, 4.4.3 where the DNS failed
(RFC 3463), 4.4.4 where a rerouted message has nowhere to go, 4.4.6 for a loop. Names come from the
DNS and are hostile: what is not printable ASCII is a `?`, and no line exceeds the 512 octets of
RFC 5321 4.5.3.1.5.
"""

from __future__ import annotations

import re
from textwrap import shorten

from mxward.model import Action, Decision, Reason
from mxward.smtp.replies import Reply, reply

__all__ = ["refusal", "refused_in_one_line", "rerouted_loop", "too_fast"]

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_ROOM = 512 - len("550-") - len("\r\n")


def refusal(decision: Decision, contact: str, message_id: str) -> Reply:
    """What a client is told whose mail is deferred or refused."""
    code, enhanced = (451, "4.7.1") if decision.action is Action.DEFER else (550, "5.7.1")
    if decision.reason in (Reason.LOOKUP_FAILED, Reason.HELD):
        enhanced = "4.4.3"
    elif decision.reason is Reason.NO_TARGET:
        enhanced = "4.4.4"
    lines = [_what(decision), *_where_to(decision), _whom_to_ask(contact, message_id)]
    return _reply(code, enhanced, *lines)


def refused_in_one_line(decision: Decision, contact: str, message_id: str) -> tuple[int, str]:
    """The same for programs that take one line: its code, and the rest with the enhanced code."""
    found = refusal(decision, contact, message_id)
    first, *others = (line.decode("ascii") for line in found.lines)
    enhanced = first.partition(" ")[0]
    told = "; ".join((first, *(line.removeprefix(f"{enhanced} ") for line in others)))
    return found.code, told[:_ROOM]


def too_fast(contact: str, message_id: str) -> Reply:
    """Above the rate that a scanner is sent rerouted mail at."""
    what = "Too much mail is being sent on to the scanner just now, try again later"
    return _reply(451, "4.7.1", what, _whom_to_ask(contact, message_id))


def rerouted_loop(contact: str, message_id: str) -> Reply:
    """The message came back from the scanner it was sent to. 4xx: the scanner's queue keeps it."""
    what = "This message was sent on to the scanner and came back by the back door"
    return _reply(451, "4.4.6", what, _whom_to_ask(contact, message_id))


def _reply(code: int, enhanced: str, *lines: str) -> Reply:
    """The enhanced code stands in each line (RFC 2034 4)."""
    return reply(code, *[_plain(f"{enhanced} {line}")[:_ROOM] for line in lines])


def _plain(line: str) -> str:
    if line.isascii() and line.isprintable():
        return line
    return _UNPRINTABLE.sub("?", line)


def _what(decision: Decision) -> str:
    domain = decision.evidence.domain
    match decision.reason:
        case Reason.RELAY:
            return f"{domain or 'This recipient'} is not served here, and nothing is relayed"
        case Reason.HIDDEN_DOMAIN:
            return "Write the recipient as user@domain, without any routing"
        case Reason.LOOKUP_FAILED:
            return f"Cannot tell just now whether mail for {domain} may come this way, try again"
        case Reason.HELD:
            return f"It is being checked whether mail for {domain} may come from you, try again"
        case Reason.NO_TARGET:
            return f"Mail for {domain} cannot be sent on to its MX just now, try again"
    return f"Mail for {domain} is taken at its MX only, not here"


def _where_to(decision: Decision) -> list[str]:
    names = [exchange.name for exchange in decision.evidence.front_door.exchanges]
    if decision.reason is not Reason.BACK_DOOR or not names:
        return []
    more = " and others" if len(names) > 3 else ""
    line = f"Its MX: {', '.join(names[:3])}{more}"
    return [line if len(line) <= 400 else shorten(line, 400, placeholder=" and others")]


def _whom_to_ask(contact: str, message_id: str) -> str:
    return f"Questions: {contact} (id {message_id})" if contact else f"The id is {message_id}"
