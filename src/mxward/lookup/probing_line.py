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
_MOST_WAITING = 16
"""Reads that may wait for somebody to take them: more than any server has to say unasked."""
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
    """`open` it, and `close` it whatever happens. Raises OSError where the network does, and
    TimeoutError, which is one, when `deadline` is over (in seconds of the loop's clock).
    """

    def __init__(self, allowed: Networks) -> None:
        self._allowed = allowed
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._heard: list[bytes] = []
        self._ended: BaseException | None = None  # nothing more will be heard, and why
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0

    def wait_until(self, deadline: float) -> None:
        """Raise TimeoutError from then on. It costs little to put it off again and again."""
        self._deadline = deadline
        if self._timer is None or deadline < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(deadline, self._on_time)

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
        async with asyncio.timeout_at(self._deadline):
            await self._loop.sock_connect(self._socket, (str(server), port))
        self._loop.add_reader(self._socket, self._on_readable)
        return networks.address(self._socket.getsockname()[0].partition("%")[0])

    async def send(self, data: bytes) -> None:
        """Write all of it, as far as the server still listens."""
        if self._tls is not None:
            self._tls.write(data)
            data = self._outgoing.read()
        await self._write(data)

    async def receive(self) -> bytes:
        """What comes next; nothing where the server has closed."""
        if self._tls is None:
            return await self._read()
        while True:
            try:
                return self._tls.read(_AT_ONCE)
            except ssl.SSLWantReadError:
                data = await self._read()
                if not data:
                    return b""
                self._incoming.write(data)
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
                await self._write(self._outgoing.read())
                data = await self._read()
                if not data:
                    raise ConnectionResetError("it hangs up") from None
                self._incoming.write(data)
        await self._write(self._outgoing.read())
        self._tls = secured
        return _names(secured.getpeercert(binary_form=True))

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    @property
    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionError("not connected")
        return self._socket

    async def _write(self, data: bytes) -> None:
        connected = self._connected
        try:
            sent = connected.send(data) if data else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # what it has said before it hung up is yet to be read
        if sent < len(data):
            try:
                async with asyncio.timeout_at(self._deadline):
                    await self._loop.sock_sendall(connected, data[sent:])
            except TimeoutError:
                raise
            except OSError:
                return

    async def _read(self) -> bytes:
        """What has come, or comes first; nothing at the end."""
        if not self._heard and self._ended is None:
            self._waiter = self._loop.create_future()
            await self._waiter
        if self._heard:
            heard = self._heard[0] if len(self._heard) == 1 else b"".join(self._heard)
            self._heard.clear()
            return heard
        if isinstance(self._ended, OSError):
            raise self._ended
        return b""

    def _on_readable(self) -> None:
        try:
            data = self._connected.recv(_AT_ONCE)
        except BlockingIOError:
            return
        except OSError as broken:
            self._end(broken)
            return
        if not data:
            self._end(EOFError())
            return
        self._heard.append(data)
        if len(self._heard) >= _MOST_WAITING:
            self._end(ConnectionError("it speaks on and on"))
        self._wake()

    def _on_time(self) -> None:
        self._timer = None
        if self._loop.time() < self._deadline:
            self.wait_until(self._deadline)
        else:
            self._end(TimeoutError())

    def _end(self, why: BaseException) -> None:
        self._ended = self._ended or why
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


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
