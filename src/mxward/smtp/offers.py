"""Our own EHLO reply: what the mail server offers, this relay carries, and is true.

Never more than that: what nginx promised beyond it, it lost. PIPELINING and CHUNKING are ours to
promise: commands wait here, and chunks become DATA where the upstream takes none.
"""

from __future__ import annotations

from collections.abc import Iterator

from mxward.smtp.extensions import Extensions
from mxward.smtp.replies import Reply, reply
from mxward.smtp.secrecy import Auth
from mxward.smtp.settings import Settings

__all__ = ["Offers"]

_CARRIED = ("8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")


class Offers:
    """What clients are offered, as long as the mail server offers the same."""

    def __init__(self, settings: Settings, mail_server: Extensions) -> None:
        self.mail_server = mail_server
        self._settings = settings
        ceilings = [x for x in (mail_server.size, settings.limits.message_size) if x]
        self.size = min(ceilings, default=0)
        """The largest message in bytes, 0 where there is no limit."""
        self.greeting = reply(220, f"{settings.hostname} ESMTP")
        self.hello = reply(250, settings.hostname)
        """The answer to HELO."""
        self._clear = reply(250, settings.hostname, *self._lines(secured=False))
        self._secured = reply(250, settings.hostname, *self._lines(secured=True))

    @property
    def binary(self) -> bool:
        return self.mail_server.binary

    def extended(self, secured: bool) -> Reply:
        """The answer to EHLO."""
        return self._secured if secured else self._clear

    def mechanisms(self, secured: bool) -> tuple[str, ...]:
        """The AUTH mechanisms offered (RFC 4954).

        EXTERNAL and those that are bound to the TLS channel cannot work: the mail server sees ours.
        """
        auth = self._settings.auth
        if auth is Auth.NEVER or (auth is Auth.TLS and not secured):
            return ()
        words = self.mail_server.keywords.get("AUTH", "").upper().split()
        return tuple(x for x in words if x != "EXTERNAL" and not x.endswith("-PLUS"))

    def _lines(self, secured: bool) -> Iterator[str]:
        yield "PIPELINING"
        if "SIZE" in self.mail_server or self.size:
            yield f"SIZE {self.size}"
        for keyword in _CARRIED:
            if keyword == "SMTPUTF8" and "8BITMIME" not in self.mail_server:
                continue  # RFC 6531 3.1 requires both
            if keyword in self.mail_server:
                yield keyword
        yield "CHUNKING"
        if self.binary:
            yield "BINARYMIME"
        if self._settings.starttls and not secured:
            yield "STARTTLS"
        mechanisms = self.mechanisms(secured)
        if mechanisms:
            yield f"AUTH {' '.join(mechanisms)}"
        yield f"LIMITS {' '.join(self._limits())}"

    def _limits(self) -> Iterator[str]:
        """RFC 9422 4: the narrower of ours and the mail server's."""
        for name, ours in (
            ("MAILMAX", 0),
            ("RCPTMAX", self._settings.limits.recipients),
            ("RCPTDOMAINMAX", 1 if self._settings.apart else 0),
        ):
            narrowest = min(filter(None, (ours, self.mail_server.limit(name))), default=0)
            if narrowest:
                yield f"{name}={narrowest}"
