"""Real handshakes without a socket: the two sides of OpenSSL, with memory between them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from tests.certificates import Issued

__all__ = ["Ends", "client_context", "shake"]

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@dataclass(frozen=True)
class Ends:
    """Both sides after a handshake; `why` is how the server's failed, `told` how the client's."""

    server: ssl.SSLObject
    client: ssl.SSLObject
    why: ssl.SSLError | None
    told: ssl.SSLError | None

    @property
    def shown(self) -> x509.Certificate:
        """The certificate that the client saw."""
        der = self.client.getpeercert(binary_form=True)
        assert der is not None
        return x509.load_der_x509_certificate(der)

    def carries(self, text: bytes) -> bool:
        """Whether the connection still carries text, client to server."""
        self.client.write(text)
        return self.server.read(100) == text


def client_context(
    folder: Path,
    issued: Issued | None = None,
    version: ssl.TLSVersion | None = None,
    ciphers: str = "DEFAULT:@SECLEVEL=0",
) -> ssl.SSLContext:
    """A client that takes any certificate, and has one of its own, or none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(ciphers)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if issued is not None:
        context.load_cert_chain(*issued.write(folder, "client"))
    return context


def shake(
    server: ssl.SSLContext,
    client: ssl.SSLContext,
    name: str | None = None,
    session: ssl.SSLSession | None = None,
) -> Ends:
    """Let them shake hands, and hear what is left to be said."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    left = server.wrap_bio(to_server, to_client, server_side=True)
    right = client.wrap_bio(to_client, to_server, server_hostname=name, session=session)
    told = why = None
    for _ in range(4):
        told = told or _step(right)
        why = why or _step(left)
    if told is None and why is not None:  # in TLS 1.3 the client is done before it is judged
        told = _hear(right)
    elif why is None:
        _hear(right)  # session tickets
    return Ends(left, right, why, told)


def _step(side: ssl.SSLObject) -> ssl.SSLError | None:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return None
    except ssl.SSLError as error:
        return error
    return None


def _hear(side: ssl.SSLObject) -> ssl.SSLError | None:
    try:
        side.read(1)
    except ssl.SSLWantReadError:
        return None
    except ssl.SSLError as error:
        return error
    return None
