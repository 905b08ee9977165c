"""What a probe of a mail server has found: the nouns that the auditor judges by.

A probe asks a server whether it takes mail for a domain, up to RCPT and never further. What is here
is what the server did, not what that means: `audit` says which door is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mxward.networks import Address

__all__ = ["About", "Answered", "Guarded", "Probed", "Secured"]


class Answered(StrEnum):
    """What a server did with a recipient of a domain."""

    ACCEPTED = "accepted"  # RCPT was answered 2xx
    REFUSED = "refused"  # 5xx
    DEFERRED = "deferred"  # 4xx, also when it was asked again later
    UNREACHED = "unreached"  # nobody listens there: connection refused
    SILENT = "silent"  # time-out, reset, hang, nonsense, a 421 or 554 for a greeting: not known
    NOT_ASKED = "not-asked"  # outside the networks that are one's own, or the probe was interrupted


class About(StrEnum):
    """What a refusal is about, as far as its code and text tell.

    Only DOMAIN and LOGIN speak of the door. RECIPIENT says that the domain is known there.
    """

    DOMAIN = "domain"  # this server does not take mail for this domain (from us)
    RECIPIENT = "recipient"  # it knows the domain, and not this user: the door may well be open
    SENDER = "sender"  # it refuses whom we said we write for, the null sender for example
    CLIENT = "client"  # it refuses us: a block list, our HELO, our rate
    LOGIN = (
        "login"  # it takes mail only from who logs in, or shows a certificate: a submission port
    )
    UNCLEAR = "unclear"


class Guarded(StrEnum):
    """What an mxward in front of the server does, which has proven itself by its keyed mark."""

    REROUTED = "rerouted"
    DEFERRED = "deferred"
    REFUSED = "refused"


class Secured(StrEnum):
    """Whether the connection went on in TLS."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"  # from the first octet (RFC 8314 3.3)


@dataclass(frozen=True, slots=True)
class Probed:
    """What one server, at one address and port, did with the recipients of one domain.

    `code` and `reply` are its last word on that: the answer to RCPT, or to what came before it
    where the session got no further. Many servers accept postmaster before they look at anything
    else: where `stranger` is not RECIPIENT, that may be all that gets in. The transcript is
    evidence: printable ASCII, bounded, each line with the seconds since the session began.
    """

    server: Address
    port: int
    domain: str  # in its normal spelling
    answered: Answered
    tls: Secured = Secured.NONE
    catch_all: bool | None = None  # a user who cannot exist was accepted too; None: not asked
    stranger: About | None = None  # what the refusal of that user is about; None: there was none
    trusting: bool | None = None  # it relays for us to a domain nobody has here; None: not asked
    guarded: Guarded | None = None
    about: About | None = None  # what a REFUSED or DEFERRED is about
    code: int | None = None
    reply: str = ""
    why: str = ""  # of SILENT, UNREACHED and NOT_ASKED
    sender: str = ""  # the reverse-path this was asked with; "" is the null sender
    transcript: tuple[str, ...] = ()
    banner: str = ""
    certificate: tuple[str, ...] = ()  # the names it is made out to; nothing of it is verified
    started_at: float = 0.0  # seconds since the epoch
    source: Address | None = None  # where it was probed from; None: there was no connection
