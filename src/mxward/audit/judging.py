"""What a server did with mail for a domain -> a verdict.

CLOSED needs a proof: the server said that it does not take mail for this domain from us, or wants a
login first; or nobody listens; or an mxward has shown its keyed mark. Everything else that is no
yes is UNKNOWN: a refusal that is about the client or the sender, any other 4xx, silence. So no
answer, and none that is missing, is ever taken for a shut door.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from mxward.audit.leads import Lead, Why
from mxward.smtp.probed import About, Answered, Guarded, Probed

__all__ = ["TOLD", "At", "How", "Verdict", "judge", "unprobed"]


class Verdict(StrEnum):
    """Whether a door is open; the worst first."""

    OPEN = "OPEN"
    LIKELY = "LIKELY"
    UNKNOWN = "UNKNOWN"
    ACCEPTED = "ACCEPTED"  # the operator's word: a waiver
    CLOSED = "CLOSED"


class How(StrEnum):
    """What a verdict rests on."""

    ACCEPTED = "accepted"
    CATCH_ALL = "catch-all"
    MAY_REJECT_LATER = "may-reject-later"
    ENDPOINT = "endpoint"
    POSTMASTER = "postmaster"
    USER_REFUSED = "user-refused"
    MAIL_SERVER = "mail-server"
    TRUSTS_US = "trusts-us"
    OWN_HOST = "own-host"
    OUTSIDE = "outside"
    SILENT = "silent"
    NOT_ASKED = "not-asked"
    DEFERRED = "deferred"
    REFUSED_US = "refused-us"
    REFUSED = "refused"
    POSTMASTER_ONLY = "postmaster-only"
    LOGIN = "login"
    NOBODY = "nobody-listens"
    GUARD_REROUTED = "mxward-rerouted"
    GUARD_DEFERRED = "mxward-deferred"
    GUARD_REFUSED = "mxward-refused"


TOLD = {
    How.ACCEPTED: "takes mail for it",
    How.CATCH_ALL: "takes mail for any recipient of it",
    How.MAY_REJECT_LATER: "accepts its recipients; Microsoft 365 may still refuse after DATA",
    How.ENDPOINT: "exists, and takes mail unless a connector forbids it",
    How.POSTMASTER: "takes mail for its postmaster; what it does with other mail it did not tell",
    How.USER_REFUSED: "knows the domain, and refused this recipient only",
    How.MAIL_SERVER: "is a mail server; it was not probed",
    How.TRUSTS_US: "relays for the address it was probed from, so its yes proves nothing",
    How.OWN_HOST: "is one of your hosts; it was not probed",
    How.OUTSIDE: "is outside your networks, so it is not probed",
    How.SILENT: "did not answer",
    How.NOT_ASKED: "was not asked",
    How.DEFERRED: "put it off each time",
    How.REFUSED_US: "refused for a reason that is not the domain",
    How.REFUSED: "does not take mail for it from here",
    How.POSTMASTER_ONLY: "takes mail for its postmaster only",
    How.LOGIN: "takes mail only from who logs in",
    How.NOBODY: "nobody listens there",
    How.GUARD_REROUTED: "mxward stands there, and sends it on to the MX",
    How.GUARD_DEFERRED: "mxward stands there, and defers it",
    How.GUARD_REFUSED: "mxward stands there, and refuses it",
}
"""What each says of a server, in words."""


class At(NamedTuple):
    """What a server does with one domain's mail."""

    verdict: Verdict
    how: How


_GUARDED = {
    Guarded.REROUTED: At(Verdict.CLOSED, How.GUARD_REROUTED),
    Guarded.DEFERRED: At(Verdict.CLOSED, How.GUARD_DEFERRED),
    Guarded.REFUSED: At(Verdict.CLOSED, How.GUARD_REFUSED),
}
_REFUSED = {
    About.DOMAIN: At(Verdict.CLOSED, How.REFUSED),
    About.LOGIN: At(Verdict.CLOSED, How.LOGIN),
    About.RECIPIENT: At(Verdict.LIKELY, How.USER_REFUSED),
}
_NO_YES = {
    Answered.UNREACHED: At(Verdict.CLOSED, How.NOBODY),
    Answered.DEFERRED: At(Verdict.UNKNOWN, How.DEFERRED),
    Answered.SILENT: At(Verdict.UNKNOWN, How.SILENT),
    Answered.NOT_ASKED: At(Verdict.UNKNOWN, How.NOT_ASKED),
}


def judge(probed: Probed, service: str = "") -> At:
    """The verdict on one answer. `service`: whose server it is, by what it shows."""
    if probed.guarded is not None:
        return _GUARDED[probed.guarded]
    if probed.answered is Answered.DEFERRED and probed.about is About.DOMAIN:
        return _REFUSED[About.DOMAIN]  # so says Postfix, by default, for whom it does not relay
    if probed.answered is Answered.REFUSED:
        about = probed.about or About.UNCLEAR
        return _REFUSED.get(about, At(Verdict.UNKNOWN, How.REFUSED_US))
    if probed.answered is Answered.ACCEPTED:
        return _accepted(probed, service)
    return _NO_YES[probed.answered]


def _accepted(probed: Probed, service: str) -> At:
    if probed.trusting:
        return At(Verdict.UNKNOWN, How.TRUSTS_US)
    if service == "microsoft365":
        return At(Verdict.LIKELY, How.MAY_REJECT_LATER)
    if probed.catch_all:
        return At(Verdict.OPEN, How.CATCH_ALL)
    if probed.stranger is About.RECIPIENT:
        return At(Verdict.OPEN, How.ACCEPTED)
    if probed.stranger in (About.DOMAIN, About.LOGIN):
        return At(Verdict.CLOSED, How.POSTMASTER_ONLY)
    return At(Verdict.LIKELY, How.POSTMASTER)


def unprobed(leads: Sequence[Lead], *, server: bool, mine: bool) -> At:
    """The verdict on an address that was not probed.

    `server`: it is among the operator's mail servers; `mine`: within the operator's networks.
    """
    if server or any(lead.why is Why.MX for lead in leads):
        return At(Verdict.LIKELY, How.MAIL_SERVER)
    return At(Verdict.UNKNOWN, How.OWN_HOST if mine else How.OUTSIDE)
