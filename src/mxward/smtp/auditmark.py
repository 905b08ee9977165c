"""The keyed mark by which the auditor knows an mxward that is its own.

The auditor says EHLO with a name that holds a nonce, `mxward-audit-<nonce>.<its host name>`. Where
mail for a recipient's domain is kept from the mail server, mxward adds to its answer to RCPT

    (mxward rerouted 5f3c...)

the HMAC-SHA256 over nonce, domain and action, cut to 128 bits. Nobody makes it without the key, and
what was seen in one session is worth nothing in another or for another domain. It says that the
session has come to an mxward, not that it stands right there: a server that hands every word on to
one shows its marks.
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256

from mxward.model import Action, Decision, Door, Reason
from mxward.smtp.probed import Guarded
from mxward.smtp.replies import Reply

__all__ = ["key_from", "marked", "name_for", "nonce_of", "read", "words"]

_NAME = re.compile(r"mxward-audit-([0-9a-f]{32})\.", re.IGNORECASE)
_WORDS = re.compile(r"\(mxward (rerouted|deferred|refused) ([0-9a-f]{32})\)")
_DONE = {
    Action.REROUTE: Guarded.REROUTED,
    Action.DEFER: Guarded.DEFERRED,
    Action.REFUSE: Guarded.REFUSED,
}
_ROOM = 440
"""Octets of a reply's text, so that its line with code and mark has 512 at most (RFC 5321
4.5.3.1.5)."""


def key_from(secret: bytes) -> bytes:
    """The key for these marks, from the secret that other marks are made with too."""
    return hmac.new(secret, b"mxward audit mark 1", sha256).digest()


def name_for(nonce: str, host: str) -> str:
    """What the auditor says in EHLO. `nonce` is 32 hexadecimal digits, `host` its own name."""
    return f"mxward-audit-{nonce}.{host}"


def nonce_of(helo: str) -> str:
    """The nonce in what a client said in EHLO; empty where it is nobody's who asks for marks."""
    found = _NAME.match(helo)
    return found[1].lower() if found else ""


def words(key: bytes, nonce: str, domain: str, guarded: Guarded) -> str:
    """The mark, as it stands in a reply."""
    text = f"{nonce}|{domain}|{guarded}".encode()
    return f"(mxward {guarded} {hmac.new(key, text, sha256).hexdigest()[:32]})"


def read(key: bytes, nonce: str, domain: str, answer: Reply) -> Guarded | None:
    """What an mxward with this key does with mail for the domain; None where none has said so."""
    for line in answer.lines:
        if b"(mxward " not in line:
            continue
        for seen in _WORDS.finditer(line.decode("ascii", "replace")):
            guarded = Guarded(seen[1])
            if hmac.compare_digest(seen[0], words(key, nonce, domain, guarded)):
                return guarded
    return None


def marked(answer: Reply, secret: bytes, helo: str, decision: Decision) -> Reply:
    """The answer to RCPT, with the mark where the client asks for it and there is one to give.

    There is none for mail that passes, nor where it is kept back only until something was looked up
    or confirmed: that door may be open tomorrow.
    """
    nonce = nonce_of(helo)
    guarded = _DONE.get(decision.action)
    if not nonce or guarded is None or not decision.evidence.domain:
        return answer
    if decision.door is not Door.BACK and decision.reason is not Reason.RELAY:
        return answer
    mark = words(key_from(secret), nonce, decision.evidence.domain, guarded).encode()
    *first, last = answer.lines
    return Reply(answer.code, (*first, b" ".join((last[:_ROOM], mark))))
