"""The proxy's own certificates: chosen by the name that a client asks for, read again when changed.

Several are told apart by the DNS names in them (SNI, RFC 6066 3); a client that asks for none, or
for a name that none has, gets the first, as mail servers have it.

Clients are asked for a certificate only where a trusted client or a scanner has one. Python ends
the handshake where a client then shows one that does not verify, and many honest mail servers do:
self-signed ones, or ones that are only good for servers. So a client whose handshake failed for it
is not asked for a day: it fails once, tries again, and is then a client without a certificate.

Not supported: an RSA and an ECDSA certificate for one name (the first is served), SNI that is no
ASCII (OpenSSL's alert, where there are several certificates), and all that `tls` does not.
"""

from __future__ import annotations

import ssl
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from mxward.networks import Address
from mxward.proxy.certificate_files import CertificateFiles, ServerCertificate, read
from mxward.proxy.tls import names_of, server_context, upstream_context

__all__ = ["CertificateFiles", "Certificates", "names_of", "upstream_context"]

_MOST_REFUSED = 10_000
_DAY = 86400.0  # seconds
_ABOUT_CERTIFICATES = {"ASN1", "EC", "EVP", "RSA", "X509", "X509V3"}  # libraries of OpenSSL
_WITHOUT_ONE_IT_WORKS = {
    "BAD_SIGNATURE",
    "CERT_LENGTH_MISMATCH",
    "NO_SHARED_CIPHER",
    "NO_SHARED_SIGNATURE_ALGORITHMS",
    "NO_SUITABLE_DIGEST_ALGORITHM",
    "NO_SUITABLE_SIGNATURE_ALGORITHM",
    "UNKNOWN_CERTIFICATE_TYPE",
    "WRONG_CERTIFICATE_TYPE",
    "WRONG_CURVE",
    "WRONG_SIGNATURE_TYPE",
}
"""OpenSSL's reasons: of the certificate or its signature, or of the higher level where it asks."""

_T = TypeVar("_T")
_State = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _InForce:
    """All that is made from the files at one time. `asking` is `quiet` where nobody is asked."""

    served: tuple[ServerCertificate, ...]
    quiet: ssl.SSLContext
    asking: ssl.SSLContext
    asks: bool


class Certificates:
    """The contexts for the server's side. One thread may `reload` while another serves.

    `client_ca` is a file, None means the system's authorities. `clock` gives seconds since the
    epoch. `asks` may be set at any time, and is followed by the next `reload`. Raises ValueError
    with one line: the file, what is wrong with it, what to do. What may stay but should be known is
    in `warnings`.
    """

    def __init__(
        self,
        files: Sequence[CertificateFiles],
        minimum: str = "1.2",
        client_ca: str | None = None,
        asks: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not files:
            raise ValueError("no certificate is named")
        self._files = tuple(files)
        self._minimum = minimum
        self._client_ca = client_ca
        self.asks = asks
        self._clock = clock
        self._refused: OrderedDict[Address, float] = OrderedDict()  # until when
        self._state = self._look()
        self._failing = False
        self._complained = -_DAY
        self._in_force = self._read()
        self.warnings = tuple(self._complaints())

    @property
    def served(self) -> tuple[ServerCertificate, ...]:
        """The certificates in force, the default first."""
        return self._in_force.served

    def shown_for(self, name: str) -> ServerCertificate:
        """The certificate that a client gets who asks for a name."""
        served = self.served
        return _for_name(name, _named(served, served)) or served[0]

    def context_for(self, client: Address) -> ssl.SSLContext:
        """The context for a client's handshake."""
        in_force = self._in_force
        if self._refused and self._clock() < self._refused.get(client, 0.0):
            return in_force.quiet
        return in_force.asking

    def handshake_failed(self, client: Address, why: Exception) -> None:
        """Remember a client whose handshake would have gone well without being asked."""
        if not (self._in_force.asks and _for_its_certificate(why)):
            return
        self._refused.pop(client, None)
        while len(self._refused) >= _MOST_REFUSED:
            self._refused.popitem(last=False)
        self._refused[client] = self._clock() + _DAY

    def reload(self) -> list[str]:
        """Read all files again if one has changed; gives what should be told loudly.

        What cannot be read is told once, and what was read before stays in force until it can be.
        Certificates that end soon are told once a day. Blocks: for a thread of its own.
        """
        told = []
        state = self._look()
        if state != self._state or (self.asks != self._in_force.asks and not self._failing):
            before, self._state = self._state, state
            try:
                self._in_force = self._read()
            except ValueError as why:
                told.append(f"{why} (until then the certificates read before stay in force)")
                self._failing = True
            else:
                if self._failing:
                    told.append("the certificates could be read again and are in force")
                self._failing = False
                if state != before:
                    self._complained = -_DAY
                if self._client_ca and state[-1] != before[-1]:
                    self._refused = OrderedDict()  # the new authorities may know them
        return told + self._complaints()

    def _look(self) -> _State:
        """What tells whether a file has changed; the authorities' file is last."""
        paths = [path for files in self._files for path in (files.chain, files.key)]
        if self._client_ca:
            paths.append(self._client_ca)
        return tuple(_state(path) for path in paths)

    def _read(self) -> _InForce:
        served = tuple(read(files) for files in self._files)
        quiet = _by_name(served, lambda files: server_context(files, self._minimum))
        if not self.asks:
            return _InForce(served, quiet, quiet, False)
        ask = partial(server_context, minimum=self._minimum, asks=True, ca=self._client_ca)
        return _InForce(served, quiet, _by_name(served, ask), True)

    def _complaints(self) -> list[str]:
        now = self._clock()
        if 0 <= now - self._complained < _DAY:
            return []
        found = [text for each in self.served if (text := each.complaint(now))]
        if found:
            self._complained = now
        return found


def _by_name(
    served: Sequence[ServerCertificate], make: Callable[[CertificateFiles], ssl.SSLContext]
) -> ssl.SSLContext:
    """The first one's context, which gives way to another where a client asks for its name."""
    contexts = [make(each.files) for each in served]
    if len(contexts) > 1:
        contexts[0].sni_callback = partial(_choose, _named(served, contexts))
    return contexts[0]


def _named(served: Sequence[ServerCertificate], things: Sequence[_T]) -> dict[str, _T]:
    """By the names of the certificates: the first that has a name keeps it."""
    names: dict[str, _T] = {}
    for each, thing in zip(served, things, strict=True):
        for name in each.names:
            names.setdefault(name, thing)
    return names


def _for_name(asked: str, names: Mapping[str, _T]) -> _T | None:
    """The one with this name, else the one with a wildcard for it."""
    name = asked.lower().removesuffix(".")
    return names.get(name) or names.get(f"*.{name.partition('.')[2]}")


def _choose(
    names: Mapping[str, ssl.SSLContext],
    connection: ssl.SSLObject,
    asked: str | None,
    first: ssl.SSLContext,
) -> None:
    """Only the certificate changes with the context: all other settings are those of the first."""
    found = _for_name(asked or "", names)
    if found is not None and found is not first:
        connection.context = found


def _for_its_certificate(why: Exception) -> bool:
    if isinstance(why, ssl.SSLCertVerificationError):
        return True
    library, reason = getattr(why, "library", None), getattr(why, "reason", None)
    return library in _ABOUT_CERTIFICATES or reason in _WITHOUT_ONE_IT_WORKS


def _state(path: str) -> tuple[int, ...]:
    try:
        found = Path(path).stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
