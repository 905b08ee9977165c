"""Clients that smtpd's processes talk to: what is known of one before there is a message.

TLS is told of the connection. Behind XCLIENT the client of a message is not who began the TLS
session: then nothing is known of its TLS.
"""

from __future__ import annotations

from typing import Any

from mxward.maillog.octets import text
from mxward.maillog.postfix_lines import CERTIFICATE, TLS
from mxward.maillog.postfix_peers import Origin

__all__ = ["Process", "Session", "Sessions", "Tls"]

MOST = 10_000
"""Sessions that are remembered; only those with TLS, or with a filter before the queue, are."""

Process = tuple[bytes, bytes]
"""The host, and the process's number."""

Tls = tuple[str, bool | None, str | None]
"""The cipher, whether the client's certificate was verified, and its name."""

_VERIFIED: dict[bytes | None, bool] = {b"Untrusted": False, b"Trusted": True, b"Verified": True}


class Session:
    """One connection."""

    __slots__ = ("certificate", "filtered", "peer", "tls")

    def __init__(self, peer: bytes) -> None:
        self.peer = peer  # name, address and port, as they are in the log
        self.tls: Tls | None = None
        self.certificate: str | None = None
        self.filtered: Origin | None = None  # whose messages go to a filter before the queue

    def tls_of(self, peer: bytes) -> Tls | None:
        """Of this client; None where another one began the session."""
        return self.tls if self.peer == peer else None


class Sessions:
    """By process, the oldest first."""

    def __init__(self) -> None:
        self._open: dict[Process, Session] = {}

    def held(self) -> Any:
        """See `kept`."""
        return {
            process: (session.peer, session.tls, session.certificate, session.filtered)
            for process, session in self._open.items()
        }

    def resume(self, held: Any) -> None:
        for process, (peer, *others) in held.items():
            self._open[process] = session = Session(peer)
            session.tls, session.certificate, session.filtered = others

    def close(self, host: bytes, pid: bytes) -> None:
        """This process has another client now, or none."""
        if self._open:
            self._open.pop((host, pid), None)

    def secured(self, process: Process, rest: bytes) -> bool:
        """A line about TLS, or about a certificate; False where it is neither."""
        found = TLS.match(rest)
        if found is None:
            named = CERTIFICATE.match(rest)
            if named is not None:
                self._session(process, named[1]).certificate = text(named[5])
            return named is not None
        trust, peer, _, _, _, cipher = found.groups()
        self.establish(process, trust, peer, cipher)
        return True

    def establish(self, process: Process, trust: bytes | None, peer: bytes, cipher: bytes) -> None:
        """TLS is in use; `trust` is what Postfix calls the client's certificate."""
        session = self._session(process, peer)
        session.tls = (text(cipher), _VERIFIED.get(trust), session.certificate)

    def filtered(self, process: Process, peer: bytes, client: Origin) -> None:
        """What this process takes goes to a filter first."""
        self._session(process, peer).filtered = client

    def of(self, process: Process) -> Session | None:
        """What is known, where anything is."""
        return self._open.get(process)

    def _session(self, process: Process, peer: bytes) -> Session:
        session = self._open.get(process)
        if session is None or session.peer != peer:
            session = self._open[process] = Session(peer)
            if len(self._open) > MOST:
                del self._open[next(iter(self._open))]
        return session
