"""docs/xclient.md does what it says: its lines for Postfix, and its rules in a real kernel."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.servers import Postfix, room

pytestmark = pytest.mark.real

GUIDE = (Path(__file__).parents[2] / "docs" / "xclient.md").read_text()
RULES: list[str] = re.findall(r"```nft\n(.*?)```", GUIDE, re.DOTALL)
SERVICE: list[str] = re.findall(r"```master.cf\n(.*?)```", GUIDE, re.DOTALL)
SAME_HOST, ON_THE_SERVER, ON_THE_PROXY = range(3)

PORT = 10026
MXWARD, SOMEBODY, ROOT = room.USERS["mail"], room.USERS["nobody"], 0
DROPPED = 2.0  # seconds to wait for a packet that is dropped; a lost one comes again after 1


# -- the rules --------------------------------------------------------------------------------


@contextmanager
def loaded(rules: str, folder: Path) -> Iterator[None]:
    """The rules in force in this network, with a number for mxward's user."""
    (folder / "rules").write_text(rules.replace('"mxward"', str(MXWARD)))
    _nft(folder, "-f", "/srv/rules")
    try:
        yield
    finally:
        _nft(folder, "delete", "table", "inet", "mxward_xclient")


def _nft(folder: Path, *words: str) -> None:
    done = subprocess.run(
        room.command(["/opt/usr/sbin/nft", *words], folder), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def listening(address: str, port: int = PORT) -> Iterator[None]:
    room.own(address)
    with socket.create_server((address, port)):
        yield


def connects(to: str, *, user: int = ROOT, source: str | None = None, port: int = PORT) -> str:
    """What comes of a connection by a user of this host."""
    if source:
        room.own(source)
    os.seteuid(user)
    try:
        with socket.create_connection((to, port), DROPPED, source and (source, 0)):
            return "connected"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "nothing"
    finally:
        os.seteuid(0)


def test_the_guide_has_what_is_tested_here() -> None:
    assert (len(RULES), len(SERVICE)) == (3, 1)


def test_on_the_same_host_nobody_but_mxward_connects(tmp_path: Path) -> None:
    with listening("127.0.0.1"), listening("127.0.0.1", PORT + 1):
        assert connects("127.0.0.1", user=SOMEBODY) == "connected"
        with loaded(RULES[SAME_HOST], tmp_path):
            assert connects("127.0.0.1", user=MXWARD) == "connected"
            assert connects("127.0.0.1", user=SOMEBODY) == "refused"
            assert connects("127.0.0.1", user=ROOT) == "refused"
            assert connects("127.0.0.1", user=SOMEBODY, port=PORT + 1) == "connected"
        assert connects("127.0.0.1", user=SOMEBODY) == "connected"


_NEIGHBOUR = """
import socket, sys
print("here", flush=True)
for address in sys.stdin:
    try:
        socket.create_connection((address.strip(), {port}), {dropped}).close()
        print("connected", flush=True)
    except OSError as error:
        print("nothing" if isinstance(error, TimeoutError) else error, flush=True)
"""


@contextmanager
def neighbour() -> Iterator[subprocess.Popen[str]]:
    """Another host, beside ours (198.18.0.1): it connects to the addresses that it is told."""
    script = _NEIGHBOUR.format(port=PORT, dropped=DROPPED)
    with subprocess.Popen(
        ["unshare", "--net", sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as host:
        try:
            assert host.stdout
            assert host.stdout.readline() == "here\n"
            _wire(host.pid)
            yield host
            subprocess.run(["ip", "link", "delete", "beside"], check=True)
        finally:
            host.kill()  # and with it its network


def _wire(neighbour: int) -> None:
    """A wire between this network and that of a process."""
    inside = f"nsenter --net --target {neighbour} ip"
    for command in (
        f"ip link add beside type veth peer name eth0 netns {neighbour}",
        "ip address add 198.18.0.1/24 dev beside",
        "ip link set beside up",
        f"{inside} address add 198.18.0.2/24 dev eth0",
        f"{inside} link set eth0 up",
    ):
        subprocess.run(command.split(), check=True)


def test_on_the_same_host_nobody_from_outside_connects(tmp_path: Path) -> None:
    def asks(host: subprocess.Popen[str]) -> str:
        assert host.stdin
        assert host.stdout
        host.stdin.write("198.18.0.1\n")
        host.stdin.flush()
        return host.stdout.readline().strip()

    with socket.create_server(("0.0.0.0", PORT)), neighbour() as host:
        assert asks(host) == "connected"
        with loaded(RULES[SAME_HOST], tmp_path):
            assert asks(host) == "nothing"
        assert asks(host) == "connected"


def test_on_a_mail_server_of_its_own_nobody_but_mxwards_host_connects(tmp_path: Path) -> None:
    server, mxward = "192.0.2.30", "192.0.2.25"
    with listening(server), listening(server, PORT + 1):
        assert connects(server, source="192.0.2.99") == "connected"
        with loaded(RULES[ON_THE_SERVER], tmp_path):
            assert connects(server, source=mxward) == "connected"
            assert connects(server, source="192.0.2.99") == "nothing"
            assert connects(server, source=server) == "nothing"
            assert connects(server, source="192.0.2.99", port=PORT + 1) == "connected"


def test_on_mxwards_host_nobody_else_connects_to_that_mail_server(tmp_path: Path) -> None:
    with listening("192.0.2.30"), listening("192.0.2.31"):
        assert connects("192.0.2.30", user=SOMEBODY) == "connected"
        with loaded(RULES[ON_THE_PROXY], tmp_path):
            assert connects("192.0.2.30", user=MXWARD) == "connected"
            assert connects("192.0.2.30", user=SOMEBODY) == "refused"
            assert connects("192.0.2.31", user=SOMEBODY) == "connected"


# -- Postfix ----------------------------------------------------------------------------------


class AsTheGuideSays(Postfix):
    """Its service for XCLIENT is the guide's, word for word, but at this server's address.

    It is not in a chroot, for its queue directory here has none.
    """

    guide = SERVICE[0]

    def _inet_services(self) -> str:
        service = self.guide.replace("127.0.0.1", self.address).replace("n - y -", "n - n -")
        return super()._inet_services() + service


class Session:
    """A session with Postfix."""

    def __init__(self, address: str, port: int = PORT) -> None:
        self._socket = socket.create_connection((address, port), 10)
        self._lines = self._socket.makefile("rb")
        self.greeting = self.reply()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def reply(self) -> str:
        """The last line of the next reply."""
        while (line := self._lines.readline())[3:4] == b"-":
            pass
        return line.decode().strip()

    def says(self, line: str) -> str:
        self._socket.sendall(f"{line}\r\n".encode())
        return self.reply()

    def brings(self, *lines: str) -> list[str]:
        return [self.says(line)[:3] for line in lines]


MESSAGE = ["MAIL FROM:<>", "RCPT TO:<shaun@it.co.za>", "DATA", "From: eve\r\n\r\nhello\r\n."]


def test_one_connection_serves_one_client_after_another(tmp_path: Path) -> None:
    clients = ["203.0.113.7", "203.0.113.8"]
    with AsTheGuideSays(tmp_path, "127.0.1.1", domains=["it.co.za"]) as postfix:
        with Session("127.0.1.1") as session:
            for client in clients:
                assert session.says("EHLO mxward")[:3] == "250"
                told = session.says(f"XCLIENT NAME=[UNAVAILABLE] ADDR={client} HELO=eve")
                assert told[:3] == "220"
                assert session.says("EHLO eve")[:3] == "250"
                assert session.brings(*MESSAGE) == ["250", "250", "354", "250"]
        assert re.findall(r"client=\S+\[(.*?)\]", postfix.log) == clients
        mails = postfix.mail()
        assert sorted(re.findall(rb"\[(203[0-9.]+)\]", b"".join(mail.raw for mail in mails))) == [
            client.encode() for client in clients
        ]
        # not completed, as it would be for a client of its own host
        assert [mail.message["From"] for mail in mails] == ["eve", "eve"]


def test_the_limit_of_connections_does_not_count_there(tmp_path: Path) -> None:
    narrow = "smtpd_client_event_limit_exceptions =\nsmtpd_client_connection_count_limit = 1\n"
    with AsTheGuideSays(tmp_path, "127.0.1.1", settings=narrow):
        with Session("127.0.1.1", 25) as one, Session("127.0.1.1", 25) as two:
            assert (one.greeting[:3], two.greeting[:3]) == ("220", "421")
        with Session("127.0.1.1") as one, Session("127.0.1.1") as two:
            assert (one.greeting[:3], two.greeting[:3]) == ("220", "220")


def test_without_static_all_the_second_client_is_refused(tmp_path: Path) -> None:
    """Why the guide says it, and what it says of `pool = 0`."""
    server = AsTheGuideSays(tmp_path, "127.0.1.1", domains=["it.co.za"])
    server.guide = SERVICE[0].replace("static:all", "127.0.0.0/8")
    with server, Session("127.0.1.1") as session:
        session.says("EHLO mxward")
        assert session.says("XCLIENT ADDR=203.0.113.7 NAME=[UNAVAILABLE]")[:3] == "220"
        session.says("EHLO mxward")
        refused = session.says("XCLIENT ADDR=203.0.113.8 NAME=[UNAVAILABLE]")
        assert refused.startswith("550 5.7.0")
