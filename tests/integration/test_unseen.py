"""Several mail servers behind one mxward, TLS first, rerouting, sessions that last, a proxy that
hangs, few rights: each before real mail servers that know nothing of it.
"""

from __future__ import annotations

import os
import signal
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mxward.config import Layout, Method
from tests.certificates import Authority
from tests.integration import hosts
from tests.integration.caller import anything_goes
from tests.integration.dialogue import Dialogue
from tests.integration.layouts import CLIENT
from tests.integration.servers import Exim, MailServer, Postfix, ServerError
from tests.integration.unseen import BEHIND, OWN, SCANNER, Stand, stand

pytestmark = pytest.mark.real

SECOND = "198.18.2.26"  # another mail server's address
SESSION = ("EHLO client.example", "MAIL FROM:<a@client.example>")
MESSAGE = "Subject: x\r\n\r\nhello\r\n."


@pytest.fixture(autouse=True)
def _nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{hosts.nft(tmp_path)}:{os.environ['PATH']}")


def within(seconds: float, holds: Callable[[], bool]) -> float:
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, f"not within {seconds} seconds"
        time.sleep(0.1)
    return time.monotonic() - begun


def offered(site: Stand, address: str) -> set[str]:
    """What a new client is offered by EHLO."""
    with site.world.client, socket.create_connection((address, 25), timeout=20) as client:
        client.recv(512)
        client.sendall(b"EHLO client.example\r\n")
        lines = client.recv(4096).decode().splitlines()
    return {line[4:] for line in lines[1:]}


def test_each_of_several_mail_servers_is_its_own_upstream(tmp_path: Path) -> None:
    def small(server: MailServer) -> None:
        server.settings = "message_size_limit = 1000000"

    changes = {'servers = ["198.18.2.25"]': 'servers = ["198.18.2.0/24"]'}
    changes['stage = "refuse"'] = 'stage = "observe"'
    with stand(tmp_path, Postfix, tune=small, changes=changes) as site:
        with site.world.server:
            second = Exim(tmp_path / "second", SECOND, domains=(BEHIND,))
            second.settings = "message_size_limit = 2000000"
            second.start()
        try:
            site.intercept("up")
            # The first client of each is told what that one offers: it was asked beforehand.
            assert "SIZE 1000000" in offered(site, site.address)
            assert "SIZE 2000000" in offered(site, SECOND)
            for address, server in ((site.address, site.mail_server), (SECOND, second)):
                with site.client(CLIENT[4], address) as client:
                    assert client.say(*SESSION, f"RCPT TO:<x@{BEHIND}>", "DATA").startswith("354")
                    assert client.say(MESSAGE).startswith("250")
                assert f"[{CLIENT[4]}]" in server.log
                assert server.count() == 1
        finally:
            second.stop()
        begun = time.monotonic()
        with site.client(CLIENT[4], SECOND) as client:
            assert client.greeting.startswith("220 mx.provider.example")
            assert client.say(*SESSION, f"RCPT TO:<x@{BEHIND}>").startswith("451 4.4.1")
        with site.client(CLIENT[4], "198.18.2.99") as client:  # there is nobody
            assert client.greeting.startswith("220")
        assert time.monotonic() - begun < 15
        assert site.sends(CLIENT[4], f"y@{BEHIND}").startswith("250")


@pytest.mark.parametrize("method", list(Method))
def test_tls_comes_first_where_it_is_spoken_so(tmp_path: Path, method: Method) -> None:
    authority = Authority()

    def tls_first(server: MailServer) -> None:
        server.port = 465
        server.certificate = authority.issue("mail.provider.example")
        server.settings = "tls_on_connect_ports = 465\n"
        server.answers = lambda: "listening" in server.log or bool(server.running)  # type: ignore[method-assign]

    (tmp_path / "mxward").mkdir()
    chain, key = authority.issue("mx.provider.example").write(tmp_path / "mxward", "mx")
    changes = {
        'state = "': 'ports = [465]\ntls_ports = [465]\nstate = "',
        "hide_starttls = true": f'certificates = [{{ chain = "{chain}", key = "{key}" }}]',
    }
    with stand(tmp_path, Exim, Layout.GATEWAY, method, tune=tls_first, changes=changes) as site:
        site.intercept("up")
        assert _over_tls(site, CLIENT[4], BEHIND).startswith("550")
        assert _over_tls(site, SCANNER[4], BEHIND).startswith("250")
        assert f"[{SCANNER[4]}]" in site.mail_server.log
        assert " X=TLS1." in site.mail_server.log
        assert site.mail_server.count() == 1


def _over_tls(site: Stand, source: str, domain: str) -> str:
    with site.world.client:
        plain = socket.create_connection((site.address, 465), 20, (source, 0))
    with anything_goes().wrap_socket(plain, server_hostname="mx.provider.example") as secured:
        assert ssl.DER_cert_to_PEM_cert(secured.getpeercert(True) or b"")
        file = secured.makefile("rb")

        def answer() -> str:
            while (line := file.readline().decode())[3:4] == "-":
                pass
            return line

        said = answer()
        for line in (*SESSION, f"RCPT TO:<x@{domain}>", "DATA", MESSAGE):
            secured.sendall(f"{line}\r\n".encode())
            said = answer()
            if said[0] not in "23":
                break
        return said


def test_rerouted_mail_leaves_from_mxwards_own_address(tmp_path: Path) -> None:
    scanners = "198.18.1.10"
    changes = {'stage = "refuse"': 'stage = "reroute"', 'mx = ["clean.example"]': ""}
    changes['egress = ["'] = f'addresses = ["{scanners}"]\negress = ["'
    with stand(tmp_path, Postfix, changes=changes) as site:
        site.world.client.owns("eth0", f"{scanners}/24")
        with site.world.client:
            scanner = Exim(tmp_path / "scanner", scanners, domains=(BEHIND,))
            scanner.start()
        try:
            site.zones("clean.example", f"mx1 A {scanners}")
            site.intercept("up")
            assert site.sends(CLIENT[4], f"x@{BEHIND}").startswith("250")
            assert scanner.count(f"x@{BEHIND}") == 1
            assert "[198.18.1.1]" in scanner.log  # mxward's own
            assert f"H=client.example [{CLIENT[4]}]" not in scanner.log
            assert site.mail_server.count() == 0
        finally:
            scanner.stop()


@pytest.mark.parametrize("layout", [Layout.GATEWAY, Layout.HOST])
@pytest.mark.parametrize("method", list(Method))
def test_sessions_outlast_what_the_operator_does(
    tmp_path: Path, layout: Layout, method: Method
) -> None:
    with stand(tmp_path, Postfix, layout, method) as site:
        before = site.client(SCANNER[4])
        assert before.say(*SESSION, f"RCPT TO:<before@{BEHIND}>", "DATA").startswith("354")
        site.intercept("up")
        amid = site.client(SCANNER[4])
        assert amid.say(*SESSION, f"RCPT TO:<amid@{BEHIND}>", "DATA").startswith("354")
        site.mxward.signal(signal.SIGHUP)
        within(20, lambda: "event=reload " in site.mxward.log)
        site.intercept("up")
        site.intercept("down --wait 0")
        assert site.client(SCANNER[4]).greeting.startswith("220 mail.provider.example")
        for session in (before, amid):
            assert session.say(MESSAGE).startswith("250")
            assert session.say("QUIT").startswith("221")
        assert site.mail_server.count(f"before@{BEHIND}") == 1
        assert site.mail_server.count(f"amid@{BEHIND}") == 1


@pytest.mark.parametrize("method", list(Method))
def test_a_proxy_that_hangs_is_passed_by_and_comes_back(tmp_path: Path, method: Method) -> None:
    changes = {'state = "': 'fail = "open"\nstate = "'}
    with stand(tmp_path, Postfix, Layout.GATEWAY, method, changes=changes) as site:
        site.intercept("up")
        with site.watching():
            within(10, lambda: _greeted(site) == "mx.provider.example")
            time.sleep(3)  # it has been seen to answer
            stopped = [site.mxward.pid, *site.mxward.workers]
            for process in stopped:
                os.kill(process, signal.SIGSTOP)
            within(8, lambda: _greeted(site) == "mail.provider.example")
            for process in stopped:
                os.kill(process, signal.SIGCONT)
            within(15, lambda: _greeted(site) == "mx.provider.example")


def _greeted(site: Stand) -> str:
    """Whose greeting a client hears within a second; nobody's is empty."""
    try:
        with site.world.client, socket.create_connection((site.address, 25), 1) as client:
            return client.recv(512).decode().split()[1]
    except (OSError, IndexError):
        return ""


def test_a_full_proxy_is_not_passed_by(tmp_path: Path) -> None:
    changes = {
        'state = "': 'fail = "open"\nstate = "',
        "[tls]": "[limits]\nconnections = 2\n\n[tls]",
    }
    with stand(tmp_path, Postfix, changes=changes) as site:
        site.intercept("up")
        with site.watching():
            held = [site.client(SCANNER[4]) for _ in range(2)]
            end = time.monotonic() + 7
            while time.monotonic() < end:
                with site.client(CLIENT[4]) as client:
                    assert client.greeting.startswith("421 4.3.2")
                time.sleep(0.5)
            for session in held:
                assert session.say("QUIT").startswith("221")


def test_who_connects_to_mxwards_own_port_is_told_no_more(tmp_path: Path) -> None:
    with stand(tmp_path, Postfix) as site:
        site.intercept("up")
        with site.world.mxward, Dialogue("127.0.0.1", 2525) as client:
            assert client.greeting.startswith("421 4.3.2 This port is for connections that are")
            assert client.answer() == ""
        with site.world.client, pytest.raises(ConnectionRefusedError):
            Dialogue("198.18.1.1", 2525)


ONLY = ("setpriv", "--inh-caps", "-all,+net_raw", "--ambient-caps", "-all,+net_raw")


def test_few_rights_are_enough_and_without_them_it_is_told(tmp_path: Path) -> None:
    with stand(tmp_path, Postfix, Layout.HOST) as site:
        site.intercept("up")
        site.mxward.kill()
        site.mxward.within = (*ONLY, "--bounding-set", "-all,+net_raw")
        with site.world.mxward:
            site.mxward.start()
        assert site.sends(SCANNER[4], f"x@{BEHIND}").startswith("250")
        assert f"[{SCANNER[4]}]" in site.mail_server.log
        assert site.sends(CLIENT[4], f"x@{OWN}").startswith("250")
        site.mxward.kill()
        site.mxward.within = ("setpriv", "--inh-caps", "-all", "--bounding-set", "-all")
        with site.world.mxward, pytest.raises(ServerError) as error:
            site.mxward.start()
        last = str(error.value).splitlines()[-1]
        assert "intercept.listen_port: 0.0.0.0:2525: taking diverted connections needs root" in last
        site.mxward.within = ()
