"""What a refusal is about: the door, the user, the sender, or whoever asks.

A 5xx closes nothing by itself: a server may dislike the prober's address, its HELO name or the null
sender, and take anybody else's mail for the domain. So DOMAIN and LOGIN are said only of texts that
say it, and of none that speak of the client or the sender as well. Enhanced codes (RFC 3463) count
where servers use them for one thing only: X.7.1 may mean anything.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mxward.smtp.probed import About
from mxward.smtp.replies import Reply

__all__ = ["about", "wants_apart"]

_ECHOED = re.compile(r"<[^<>]*>|\S+@\S+|\[[0-9a-f.:]*\]")
"""What a server repeats of our words: names in there say nothing."""

_ENHANCED = re.compile(r"\b[245]\.(\d{1,3}\.\d{1,3})\b")
_BY_ENHANCED = {
    "1.1": About.RECIPIENT,  # bad destination mailbox address
    "1.6": About.RECIPIENT,  # it has moved
    "1.10": About.RECIPIENT,  # Microsoft: recipient not found
    "4.1": About.RECIPIENT,  # Microsoft: no such user, or no such tenant
    "2.1": About.RECIPIENT,  # mailbox disabled
    "2.2": About.RECIPIENT,  # mailbox full
    "1.7": About.SENDER,
    "1.8": About.SENDER,
    "7.25": About.CLIENT,  # no reverse DNS (RFC 7372)
    "7.51": About.DOMAIN,  # Microsoft: a tenant locked to its connector
    "7.64": About.DOMAIN,  # Microsoft: relay access denied
}

_GOOGLE_LOCK = r"not in whitelist for rcpt domain"
_GREYLIST = r"gr[ae]y-?list"
_UNKNOWN_TO_THE_DNS = r"(?:domain|host|name) not found|unrouteable"
_TEXTS = (  # in this order: the first that is found
    (About.DOMAIN, _GOOGLE_LOCK),
    (About.UNCLEAR, _GREYLIST),
    (
        About.SENDER,
        r"sender (?:address )?(?:rejected|verif|denied|refused|not accepted|is not)"
        r"|(?:null|empty) (?:sender|return|reverse|envelope)|bounces? (?:not|are|is|refused)"
        r"|domain of (?:the )?sender|mail from|return.path|\bspf\b",
    ),
    (
        About.CLIENT,
        r"client host|\b(?:helo|ehlo)\b|blocked (?:using|by)|(?:black|block|deny).?list|dnsbl"
        r"|\brbl\b|spamhaus|spamcop|barracudacentral"
        r"|\byour (?:ip|host|address|network|server|mta)\b"
        r"|\breverse\b|\bptr\b|\brdns\b|too (?:many|fast)|\brate\b|throttl|reputation|banned"
        r"|\bip\b.{0,40}(?:block|reject|denied|refused|allowed|white|listed)|starttls|\btls\b",
    ),
    (About.UNCLEAR, _UNKNOWN_TO_THE_DNS),
    (
        About.RECIPIENT,
        r"user unknown|unknown (?:user|recipient|mailbox|local.?part)"
        r"|no such (?:user|recipient|mailbox|person|address)"
        r"|(?:user|recipient|mailbox|account|address)\b.{0,40}"
        r"(?:not found|unknown|does(?: not|n't) exist|unavailable|disabled|suspended|full)"
        r"|invalid (?:user|recipient|mailbox)|no mailbox"
        r"|not a valid (?:user|recipient|mailbox)|over quota|recipient verify failed",
    ),
    (
        About.DOMAIN,
        r"relay(?:ing)?\b.{0,30}(?:denied|not permitted|not allowed|prohibited|refused|disabled)"
        r"|(?:not|un)\b.{0,30}\b(?:permitted|allowed|able|authori[sz]ed) to relay|unable to relay"
        r"|do(?:es)? not relay|don't relay|no relay|nothing is relayed|rcpthosts"
        r"|at its mx only|domain (?:is )?not (?:hosted|served|handled|accepted|local)\b"
        r"|not? (?:accept|receiv|handl|host|serv)\w* (?:mail )?for th(?:is|at) domain",
    ),
    (
        About.LOGIN,
        r"authenticat\w+ (?:is )?(?:required|needed)|must (?:be )?(?:authenticate|log ?in)"
        r"|not authenticated|please (?:authenticate|log ?in)|requires? (?:smtp )?auth",
    ),
)
_ORDERED = tuple((what, re.compile(pattern)) for what, pattern in _TEXTS)
_APART = re.compile(r"multiple destination domain|one domain (?:at a time|per)|send it again by it")
_LOGIN_CODES = (530, 535, 538)  # RFC 4954 6


def about(answer: Reply) -> About:
    """What a 4xx or 5xx to RCPT is about."""
    return _about(answer.code, _text(answer))


@lru_cache(maxsize=1_000)  # without our own words, servers say the same again and again
def _about(code: int, text: str) -> About:
    for what, pattern in _ORDERED:
        if pattern.search(text):
            return what
    if code in _LOGIN_CODES:
        return About.LOGIN
    enhanced = _ENHANCED.search(text)
    return _BY_ENHANCED.get(enhanced[1], About.UNCLEAR) if enhanced else About.UNCLEAR


def wants_apart(answer: Reply) -> bool:
    """Whether the recipient is wanted again by itself, in a transaction that has no others."""
    return answer.code == 452 or (400 <= answer.code < 500 and bool(_APART.search(_text(answer))))


def _text(answer: Reply) -> str:
    said = b" ".join(answer.lines)[:2_000].decode("ascii", "replace").lower()
    return _ECHOED.sub(" ", said)
