"""Where a diverted connection was going, as the kernel tells it on real sockets."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mxward.networks import Networks, address
from mxward.proxy.diversion import Diversion
from mxward.proxy.transparency import be_transparent, is_transparent
from mxward.smtp.secrecy import Tls
from mxward.smtp.vocabulary import Endpoint
from mxward.supervisor.listening import bind
from tests.integration.servers import room
from tests.proxy.bed import WORM
from tests.proxy.diverted import MAIL, MAIL6, NETWORK, NETWORK6, WORM6, redirected

Accepted = Callable[[socket.socket, tuple[str, int], str], socket.socket]

pytestmark = pytest.mark.real

ANY = {4: "0.0.0.0", 6: "::"}
SERVERS = Networks.of(NETWORK, NETWORK6)


@pytest.fixture
def accepted() -> Iterator[Accepted]:
    """Connects to somewhere from somewhere; gives what the listener has of it."""
    with ExitStack() as open_ends:

        def connect(listener: socket.socket, to: tuple[str, int], source: str) -> socket.socket:
            open_ends.enter_context(listener)
            there = socket.create_connection(to, timeout=5, source_address=(source, 0))
            open_ends.enter_context(there)
            listener.setblocking(True)
            return open_ends.enter_context(listener.accept()[0])

        yield connect


def listening(version: int, port: int = 0) -> tuple[socket.socket, int]:
    listener = bind(ANY[version], port)
    be_transparent(listener)
    listener.listen()
    return listener, listener.getsockname()[1]


@pytest.mark.parametrize(("host", "source"), [(MAIL, WORM), (MAIL6, WORM6)])
def test_tproxy(accepted: Accepted, host: str, source: str) -> None:
    """The socket's own end is where the client wanted to go."""
    for each in (host, source):
        room.own(each)
    listener, port = listening(address(host).version)
    connection = accepted(listener, (host, port), source)
    there = Endpoint(address(host), port, tls=Tls.OPPORTUNISTIC)
    assert Diversion(SERVERS, {port}).mail_server_of(connection) == there
    assert Diversion(SERVERS, {port + 1}).mail_server_of(connection) is None
    assert Diversion(Networks.of("198.51.100.0/24"), {port}).mail_server_of(connection) is None


@pytest.mark.parametrize(("host", "source"), [(MAIL, WORM), (MAIL6, WORM6)])
@pytest.mark.parametrize("port", [25, 465])
def test_redirect(accepted: Accepted, tmp_path: Path, host: str, source: str, port: int) -> None:
    listener, ours = listening(address(host).version)
    diversion = Diversion(SERVERS, {25, 465}, {465}, redirects=True)
    with redirected(tmp_path, ours):
        connection = accepted(listener, (host, port), source)
        assert connection.getsockname()[1] == ours
        there = Endpoint(address(host), port, tls=Tls.OPPORTUNISTIC, implicit=port == 465)
        assert diversion.mail_server_of(connection) == there


@pytest.mark.parametrize(("host", "source"), [(MAIL, WORM), (MAIL6, WORM6)])
def test_who_connects_to_the_listener_itself_is_not_diverted(
    accepted: Accepted, tmp_path: Path, host: str, source: str
) -> None:
    listener, ours = listening(address(host).version)
    with redirected(tmp_path, ours):
        connection = accepted(listener, (host, ours), source)
        for redirects in (True, False):
            diversion = Diversion(SERVERS, {25}, redirects=redirects)
            assert diversion.mail_server_of(connection) is None


def test_a_dual_stack_listener_shows_ipv4_as_what_it_is(accepted: Accepted) -> None:
    room.own(MAIL)
    listener = socket.create_server(
        ("::", 0), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1
    )
    port = listener.getsockname()[1]
    connection = accepted(listener, (MAIL, port), WORM)
    assert connection.getsockname()[0] == f"::ffff:{MAIL}"
    endpoint = Diversion(SERVERS, {port}).mail_server_of(connection)
    assert endpoint is not None
    assert endpoint.address == address(MAIL)
    assert Diversion(SERVERS, {25}, redirects=True).mail_server_of(connection) is None


def test_an_address_of_one_link_has_no_scope(accepted: Accepted) -> None:
    room.own("fe80::25")
    listener, port = listening(6)
    scope = socket.if_nametoindex("lo")
    with socket.socket(socket.AF_INET6) as there:
        there.settimeout(5)
        there.connect(("fe80::25", port, 0, scope))
        listener.setblocking(True)
        with listener, listener.accept()[0] as connection:
            assert connection.getsockname()[3] == scope
            diversion = Diversion(Networks.of("fe80::/64"), {port})
            endpoint = diversion.mail_server_of(connection)
    assert endpoint is not None
    assert endpoint.address == address("fe80::25")


@pytest.mark.parametrize(
    ("wanted", "clear", "implicit"),
    [
        (Tls.NONE, Tls.NONE, Tls.OPPORTUNISTIC),  # it cannot be spoken without
        (Tls.OPPORTUNISTIC, Tls.OPPORTUNISTIC, Tls.OPPORTUNISTIC),
        (Tls.VERIFIED, Tls.VERIFIED, Tls.VERIFIED),
    ],
)
def test_what_is_asked_of_tls(accepted: Accepted, wanted: Tls, clear: Tls, implicit: Tls) -> None:
    room.own(MAIL)
    listener, port = listening(4)
    connection = accepted(listener, (MAIL, port), WORM)
    for tls_ports, tls in (((), clear), ({port}, implicit)):
        diversion = Diversion(SERVERS, {port}, tls_ports, tls=wanted, name="mail.test")
        there = Endpoint(address(MAIL), port, "mail.test", tls=tls, implicit=bool(tls_ports))
        assert diversion.mail_server_of(connection) == there


def test_which_listener_it_is_that_takes_them() -> None:
    for version in (4, 6):
        with bind(ANY[version], 0) as listener:
            assert not is_transparent(listener)
            be_transparent(listener)
            assert is_transparent(listener)


def test_a_mail_server_is_named_or_is_in_a_network() -> None:
    diversion = Diversion(Networks.of(MAIL, NETWORK6), {25})
    assert diversion.names(address(MAIL))
    assert not diversion.names(address("203.0.113.26"))
    assert not diversion.names(address("2001:db8:25::"))
