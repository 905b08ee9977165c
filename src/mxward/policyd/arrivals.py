"""A question -> an arrival, or none where there is nothing to decide.

Postfix can be made to ask in every state of a session; only RCPT has a recipient to decide about.
Whether a client has authenticated, and what its certificate says, is the mail server's own word.
Names are looked up here, where a rule needs them: what a mail server says of a client's name may
rest on a look-up that failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mxward import domains
from mxward.model import Arrival
from mxward.networks import Address, address
from mxward.policyd.questions import Asker, Malformed, Question

__all__ = ["arrival"]

_BETWEEN = re.compile(r"(?<!\|)\|(?!\|)")  # Exim doubles the sign where it is part of a name
_XTEXT = re.compile(r"\+([0-9A-F]{2})")  # RFC 3461 4
_OF_STRANGERS = ("helo_name", "sender", "recipient", "sasl_username")
_LONGEST = 2_048  # characters: as long as any command that Postfix takes
_NOBODY = frozenset(("", "unknown"))


def arrival(question: Question, server: Address) -> Arrival | None:
    """Who brings what for whom; None where it is not about a recipient. `server` is where clients
    connect to, where the mail server does not say.

    Raises Malformed where there is no client's address, or something is longer than it can be.
    """
    state = question.of("protocol_state")
    if question.asker is Asker.POSTFIX and state != "RCPT":
        return None
    client = _address(question.of("client_address"))
    if client is None:
        if question.asker is Asker.EXIM and not question.of("client_address"):
            return None  # a message of the mail server's own machine: no client brings it
        raise Malformed("no client_address")
    for name in _OF_STRANGERS:
        if len(question.of(name)) > _LONGEST:
            raise Malformed(f"a {name} of more than {_LONGEST} characters")
    return Arrival(
        client=client,
        server=_address(question.of("server_address")) or server,
        helo=question.of("helo_name"),
        sender=question.of("sender"),
        recipient=question.of("recipient"),
        authenticated=question.of("sasl_username") or question.of("sasl_method") or None,
        certificates=tuple(_certified(question)),
    )


def _address(text: str) -> Address | None:
    if text in _NOBODY:
        return None
    try:
        return address(text)
    except ValueError:
        raise Malformed(f"{text[:64]!r} is no address") from None


def _certified(question: Question) -> Iterator[str]:
    """The names of a certificate that the mail server has verified.

    Postfix tells the common name, and only where it trusts the certificate; Exim is made to tell
    the DNS names, and whether it has verified them.
    """
    if question.asker is Asker.POSTFIX:
        names = [_XTEXT.sub(lambda found: chr(int(found[1], 16)), question.of("ccert_subject"))]
    elif question.of("ccert_verified") == "1":
        names = _BETWEEN.split(question.of("ccert_names"))
    else:
        names = []
    for name in names:
        try:
            yield domains.normal(name)
        except ValueError:
            continue
