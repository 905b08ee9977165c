"""A line to a mail server: octets both ways, in the clear and then in TLS; and to nobody else.

The one place from which a probe's packets leave: it refuses every address outside the networks it
was given. It reads on where it cannot write any more, for a server that has hung up has often said
why. Nothing of a certificate is verified: a probe looks.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence

from cryptography import x509
from cryptography.x509.oid import NameOID

from mxward import networks
from mxward.networks import Address, Networks

__all__ = ["Line", "NotOurs", "context"]

_AT_ONCE = 65_536
_LEGACY_SERVER_CONNECT = 0x4  # OpenSSL's; Python has a name for it from 3.12 on


class NotOurs(Exception):
    """The address is outside the networks that may be probed; nothing was sent."""


def context() -> ssl.SSLContext:
    """For servers as old as they come: nothing is said here that would need to be kept secret."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    made.options |= _LEGACY_SERVER_CONNECT | ssl.OP_IGNORE_UNEXPECTED_EOF
    made.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return made


class Line:
    """`open` it, and `close` it whatever happens. Raises OSError where the network does."""

    def __init__(self, allowed: Networks) -> None:
        self._allowed = allowed
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()

    async def open(self, server: Address, port: int, sources: Sequence[Address] = ()) -> Address:
        """Connect, from a source of the server's family; returns this end's. Raises NotOurs."""
        server = networks.address(str(server))
        if server not in self._allowed:
            raise NotOurs(str(server))
        family = socket.AF_INET if server.version == 4 else socket.AF_INET6
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        for source in sources:
            if source.version == server.version:
                self._socket.bind((str(source), 0))
                break
        await self._loop.sock_connect(self._socket, (str(server), port))
        return networks.address(self._socket.getsockname()[0].partition("%")[0])

    async def send(self, data: bytes) -> None:
        """Write all of it, as far as the server still listens."""
        if self._tls is not None:
            self._tls.write(data)
            data = self._outgoing.read()
        try:
            await self._loop.sock_sendall(self._connected, data)
        except OSError:
            return  # what it has said before it hung up is yet to be read

    async def receive(self) -> bytes:
        """What comes next; nothing where the server has closed."""
        while True:
            if self._tls is None:
                return await self._loop.sock_recv(self._connected, _AT_ONCE)
            try:
                return self._tls.read(_AT_ONCE)
            except ssl.SSLWantReadError:
                if not await self._more():
                    return b""
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    async def secure(self, tls: ssl.SSLContext) -> tuple[str, ...]:
        """Go on in TLS; returns the names that the certificate is made out to."""
        secured = tls.wrap_bio(self._incoming, self._outgoing, server_side=False)
        while True:
            try:
                secured.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._more():
                    raise ConnectionResetError("it hangs up") from None
        await self._flush()
        self._tls = secured
        return _names(secured.getpeercert(binary_form=True))

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    @property
    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionError("not connected")
        return self._socket

    async def _more(self) -> bool:
        """Wait for more of TLS; whether there is any."""
        data = await self._loop.sock_recv(self._connected, _AT_ONCE)
        self._incoming.write(data)
        return bool(data)

    async def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            await self._loop.sock_sendall(self._connected, data)


def _names(der: bytes | None) -> tuple[str, ...]:
    """Those in subjectAltName, else the common name; none where it cannot be read."""
    try:
        found = x509.load_der_x509_certificate(der or b"")
        return _alternative(found) or _common(found)
    except Exception:  # noqa: BLE001 - strangers write certificates, and no parser knows all errors
        return ()


def _alternative(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(names.value.get_values_for_type(x509.DNSName))


def _common(certificate: x509.Certificate) -> tuple[str, ...]:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return tuple(str(name.value) for name in names)
