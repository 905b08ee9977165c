"""HAProxy in front: mxward hears from it who the client is, and from nobody else."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.integration.dialogue import Dialogue
from tests.integration.servers import Postfix, room, swaks
from tests.integration.servers.haproxy import HaProxy
from tests.integration.site import CLIENT, MAIL, OTHER, SCANNER, Site, site

pytestmark = pytest.mark.real

BALANCER = "203.0.113.30"
V1, V2 = "203.0.113.31", "203.0.113.32"
V6, V6_CLIENT = "2001:db8::32", "2001:db8::7"
TO = "shaun@it.co.za"

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    for address in (BALANCER, V6_CLIENT):
        room.own(address)
    with site(tmp_path_factory.mktemp("site"), Postfix) as made:
        made.start(
            "proxy-v2",
            stage="refuse",
            server=f'proxy_from = ["{BALANCER}"]',
            more="[timeouts]\nhandshake = 1\n[limits]\nper_network = 3",
        )
        yield made


@pytest.fixture(scope="module")
def haproxy(stand: Site) -> Iterator[HaProxy]:
    fronts = {"send-proxy": V1, "send-proxy-v2": V2, "send-proxy-v2-ssl": V6}
    directory = stand.directory / "haproxy"
    with HaProxy(directory, BALANCER, 9000, behind=MAIL, fronts=fronts) as balancer:
        yield balancer


@pytest.mark.parametrize("front", [V1, V2])
def test_the_real_client_is_decided_on(stand: Site, haproxy: HaProxy, front: str) -> None:
    for tls in ([], ["--tls"]):
        before = stand.mail_server.count(TO)
        assert swaks(front, TO, source=CLIENT, options=tls).refused[-1].startswith("550 5.7.1")
        assert swaks(front, TO, source=SCANNER, options=tls).code == 0
        assert [decision["client"] for decision in stand.mxward.decisions()[-2:]] == [
            CLIENT,
            SCANNER,
        ]
        mails = stand.mail_server.mail(TO)
        assert len(mails) == before + 1
        assert f"[{SCANNER}])" in str(mails[-1].message["Received"])


def test_a_client_with_ipv6(stand: Site, haproxy: HaProxy) -> None:
    assert swaks(V6, TO, source=V6_CLIENT).refused[-1].startswith("550 5.7.1")
    assert stand.mxward.decisions()[-1]["client"] == V6_CLIENT


def test_limits_are_the_clients_not_the_balancers(stand: Site, haproxy: HaProxy) -> None:
    with (
        Dialogue(V1, source=CLIENT) as one,
        Dialogue(V2, source=CLIENT) as two,
        Dialogue(V2, source=CLIENT) as three,
    ):
        greetings = [client.greeting[:3] for client in (one, two, three)]
        assert greetings == ["220"] * 3
        with Dialogue(V1, source=CLIENT) as four:
            assert four.greeting.startswith("421 4.3.2")
        with Dialogue(V1, source=OTHER) as other:
            assert other.greeting.startswith("220")


def test_the_balancers_checks_are_answered(stand: Site, haproxy: HaProxy) -> None:
    assert set(haproxy.states().values()) == {"L7OK"}
    stand.mxward.kill()
    haproxy.wait_until(lambda: "L7OK" not in haproxy.states().values(), 10, "it is seen down")
    stand.mxward.start()
    haproxy.wait_until(haproxy.answers, 10, "it is seen up")


# -- who may tell, and what -------------------------------------------------------------------


def v2(client: str, command: bytes = b"\x21\x11") -> bytes:
    ends = socket.inet_aton(client) + socket.inet_aton(MAIL) + b"\x04\x00\x00\x19"
    return SIGNATURE + command + len(ends).to_bytes(2) + ends


def v1(client: str) -> bytes:
    return f"PROXY TCP4 {client} {MAIL} 1024 25\r\n".encode()


ASK = f"EHLO x.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<{TO}>\r\nQUIT\r\n".encode()


def codes(source: str, *pieces: bytes) -> list[str]:
    """The codes of all replies until the connection ends, to pieces that are sent one by one."""
    said = b""
    with socket.create_connection((MAIL, 25), 20, (source, 0)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                client.sendall(piece)
            while more := client.recv(4096):
                said += more
        except (ConnectionResetError, BrokenPipeError):
            pass
    return [line[:3] for line in said.decode().splitlines() if line[3:4] != "-"]


@pytest.mark.parametrize("header", [v1, v2])
def test_header_and_commands_in_one_segment_or_in_many(
    stand: Site, header: Callable[[str], bytes]
) -> None:
    for client, answer in ((CLIENT, "550"), (SCANNER, "250")):
        said = header(client) + ASK
        wanted = ["220", "250", "250", answer, "221"]
        assert codes(BALANCER, said) == wanted
        assert codes(BALANCER, *(said[at : at + 1] for at in range(len(said)))) == wanted


def test_local_is_the_balancer_itself(stand: Site) -> None:
    for header in (v2(SCANNER, b"\x20\x00"), b"PROXY UNKNOWN\r\n"):
        assert codes(BALANCER, header + ASK) == ["220", "250", "250", "550", "221"]
        assert stand.mxward.decisions()[-1]["client"] == BALANCER


@pytest.mark.parametrize(
    "garbage",
    [
        ASK,
        b"\r\n",
        b"PROXY TCP4 198.51.100.20 203.0.113.25 1024\r\n" + ASK,
        b"PROXY TCP4 198.51.100.020 203.0.113.25 1024 25\r\n" + ASK,
        b"PROXY TCP4 198.51.100.20 203.0.113.25 1024 25\n" + ASK,
        b"PROXY TCP6 198.51.100.20 203.0.113.25 1024 25\r\n" + ASK,
        b"proxy TCP4 198.51.100.20 203.0.113.25 1024 25\r\n" + ASK,
        b"PROXY " + b"x" * 200 + b"\r\n" + ASK,
        v2(SCANNER, b"\x11\x11") + ASK,
        v2(SCANNER, b"\x21\x21") + ASK,
        v2(SCANNER)[:14] + b"\xff\xff" + bytes(3000),
        b"\x16\x03\x01\x02\x00" + bytes(500),
        b"",
        v1(SCANNER)[:20],
        v2(SCANNER)[:20],
    ],
)
def test_a_balancer_without_a_header_is_closed(stand: Site, garbage: bytes) -> None:
    """At once where it can be no header any more, else when it is not there in time."""
    assert codes(BALANCER, garbage) == []


@pytest.mark.parametrize("header", [v2(SCANNER), v2(SCANNER, b"\x20\x00")])
def test_nobody_else_speaks_version_2(stand: Site, header: bytes) -> None:
    """Lines of it are no commands, and with the LF in its signature the session ends."""
    assert codes(CLIENT, header + ASK) == ["220", "500", "500", "500", "500"]


def test_nobody_else_is_believed(stand: Site) -> None:
    assert codes(CLIENT, v1(SCANNER) + ASK) == ["220", "500", "250", "250", "550", "221"]
    assert stand.mxward.decisions()[-1]["client"] == CLIENT
