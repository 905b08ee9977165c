"""A mail server and a transparent proxy that say who they think is talking to whom: the packets'
ways, without mxward.

    C: (connects)
    S: server sees 198.18.1.2                              (nobody between them)
    S: proxy for 198.18.1.2 to 198.18.2.25:25, server sees 198.18.1.2

Every line is answered by the same line; at `quit` the connection is closed.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.integration.hosts import Host, enter

PATIENCE = 3.0
_TRANSPARENT = {socket.AF_INET: (0, 19), socket.AF_INET6: (41, 75)}
_ORIGINAL = {socket.AF_INET: (0, 80, 16), socket.AF_INET6: (41, 80, 28)}
_NO_PORT_YET = (0, 24)  # IP_BIND_ADDRESS_NO_PORT
_MARK = 36  # SO_MARK
ANY = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def listening(kind: socket.AddressFamily, port: int, *, transparent: bool) -> socket.socket:
    listener = socket.socket(kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if kind == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if transparent:
        listener.setsockopt(*_TRANSPARENT[kind], 1)
    listener.bind((ANY[kind], port))
    listener.listen()
    return listener


class Lines:
    """One end of a connection, line by line."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        connection.settimeout(60)
        self._file = connection.makefile("rb")

    def read(self) -> str:
        return self._file.readline().decode().strip()

    def write(self, line: str) -> None:
        self.socket.sendall(f"{line}\n".encode())

    def says(self, line: str) -> str:
        self.write(line)
        return self.read()

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@contextmanager
def serving(host: Host, *ports: int) -> Iterator[None]:
    """A mail server, on all of a host's addresses."""
    with ExitStack() as ends, host:
        for port in ports:
            for kind in ANY:
                ends.enter_context(
                    _accepting(host, listening(kind, port, transparent=False), _echo)
                )
        yield


class Proxy:
    """A transparent proxy; who comes from its own machine is greeted so, or not at all."""

    greeting = "220 here"

    def to_itself(self, client: Lines) -> None:
        if self.greeting:
            client.write(self.greeting)
        client.read()


@contextmanager
def proxying(host: Host, port: int = 2525, mark: int = 0, *, redirected: bool) -> Iterator[Proxy]:
    """A proxy at work. `mark` is for its own connections, where it shares the server's host."""
    proxy = Proxy()

    def relay(client: Lines) -> None:
        if client.socket.getpeername()[0] == "127.0.0.1":
            proxy.to_itself(client)
            return
        server = Lines(_onward(client.socket, mark, redirected=redirected))
        try:
            source, target = client.socket.getpeername(), _target(client.socket, redirected)
            ends = f"proxy for {_plain(source[0])} to {_plain(target[0])}:{target[1]}"
            client.write(f"{ends}, {server.read()}")
            while (line := client.read()) and line != "quit":
                client.write(server.says(line))
        finally:
            server.close()

    with ExitStack() as ends:
        with host:
            listeners = [listening(kind, port, transparent=True) for kind in ANY]
        for listener in listeners:
            ends.enter_context(_accepting(host, listener, relay))
        yield proxy


def _target(client: socket.socket, redirected: bool) -> tuple[str, int]:
    if not redirected:
        address, port = client.getsockname()[:2]
        return address, port
    raw = client.getsockopt(*_ORIGINAL[client.family])
    (port,) = struct.unpack_from("!H", raw, 2)
    packed = raw[4:8] if client.family == socket.AF_INET else raw[8:24]
    return str(ipaddress.ip_address(packed)), port


def _onward(client: socket.socket, mark: int, *, redirected: bool) -> socket.socket:
    """A connection to where the client's was going, from the client's own address."""
    onward = socket.socket(client.family)
    onward.setsockopt(*_TRANSPARENT[client.family], 1)
    onward.setsockopt(*_NO_PORT_YET, 1)
    if mark:
        onward.setsockopt(socket.SOL_SOCKET, _MARK, mark)
    onward.settimeout(PATIENCE)
    onward.bind((client.getpeername()[0], 0))
    onward.connect(_target(client, redirected))
    return onward


def _echo(client: Lines) -> None:
    client.write(f"server sees {_plain(client.socket.getpeername()[0])}")
    while (line := client.read()) and line != "quit":
        client.write(line)


def _plain(address: str) -> str:
    return str(ipaddress.ip_address(address))


@contextmanager
def _accepting(host: Host, listener: socket.socket, serve: object) -> Iterator[None]:
    assert callable(serve)
    open_ends: list[Lines] = []

    def session(client: Lines) -> None:
        enter(host.pid)
        with contextlib.suppress(OSError, ValueError):
            serve(client)
        with contextlib.suppress(OSError):
            client.close()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_ends.append(Lines(connection))
            threading.Thread(target=session, args=(open_ends[-1],), daemon=True).start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for end in open_ends:
            with contextlib.suppress(OSError):
                end.socket.shutdown(socket.SHUT_RDWR)


def connects(client: Host, source: str, address: str, port: int, from_port: int = 0) -> Lines:
    """A client's connection. Raises OSError."""
    with client, socket.socket(family(address)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        connection.settimeout(PATIENCE)
        connection.bind((source, from_port))
        connection.connect((address, port))
        return Lines(connection.dup())


def told(client: Host, source: str, address: str, port: int, from_port: int = 0) -> str:
    """How a client is greeted, or what keeps it from being greeted."""
    try:
        session = connects(client, source, address, port, from_port)
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "nothing"
    try:
        greeting = session.read()
        answered = session.says("hello") == "hello" and session.says("quit") == ""
        return greeting if answered else f"{greeting}, then silence"
    except OSError as error:
        return f"lost: {error.strerror}"
    finally:
        session.close()
