"""The real servers themselves: what the other integration tests rely on."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.resolver
import pytest

from tests.integration.servers import (
    Exim,
    MailServer,
    Nsd,
    Postfix,
    Scanner,
    ServerError,
    SmtpSink,
    Unbound,
    room,
    smtp_source,
    swaks,
)

pytestmark = pytest.mark.real

FAMILY = (socket.AF_INET, socket.AF_INET6)
MAIL, CLIENT = "203.0.113.25", "198.51.100.7"
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.mark.parametrize("ours", ["198.51.100.201", "2001:db8::201"])
def test_an_address_is_given_back(ours: str) -> None:
    room.own(ours)
    socket.create_server((ours, 0), family=FAMILY[":" in ours]).close()
    room.disown()
    with pytest.raises(OSError, match="annot assign requested address"):
        socket.create_server((ours, 0), family=FAMILY[":" in ours])


@pytest.mark.parametrize("everybodys", ["127.0.0.1", "127.9.9.9", "::1"])
def test_what_is_everybodys_stays(everybodys: str) -> None:
    room.own(everybodys)
    room.disown()
    socket.create_server((everybodys, 0), family=FAMILY[":" in everybodys]).close()


@pytest.fixture(params=[Postfix, Exim])
def mail_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MailServer]:
    with request.param(tmp_path / "mail", MAIL, domains=["it.co.za"], proxy_port=10025) as server:
        yield server


def test_a_message_ends_in_its_mailbox(mail_server: MailServer) -> None:
    session = swaks(MAIL, "shaun@it.co.za", sender="anna@example.com", source=CLIENT)
    assert (session.code, session.refused) == (0, [])
    [mail] = mail_server.mail("shaun@it.co.za")
    assert (mail.recipient, mail.sender) == ("shaun@it.co.za", "anna@example.com")
    assert mail.message["Subject"].startswith("test ")
    assert mail_server.count("else@it.co.za") == 0
    assert f"[{CLIENT}]" in mail_server.log


def test_unknown_users_and_strangers_that_relay_are_refused(mail_server: MailServer) -> None:
    session = swaks(MAIL, "nobody@it.co.za,x@elsewhere.example", source=CLIENT)
    assert [line[0] for line in session.refused] in (["5", "4"], ["5", "5"])
    assert (mail_server.count(), mail_server.queued()) == (0, [])


def test_its_own_host_may_relay_and_the_mail_stays_in_the_queue(mail_server: MailServer) -> None:
    assert swaks(MAIL, "x@elsewhere.example", source="127.0.0.1").code == 0
    assert (mail_server.count(), mail_server.queued()) == (0, ["x@elsewhere.example"])


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_proxy_tells_it_the_client(mail_server: MailServer, version: str) -> None:
    told = {"family": "TCP4", "source": "192.0.2.77", "source-port": "4444"}
    told |= {"dest": MAIL, "dest-port": "25", "version": version}
    if version == "2":
        told |= {"family": "AF_INET", "protocol": "STREAM", "command": "PROXY"}
    options = [word for key, value in told.items() for word in (f"--proxy-{key}", value)]
    session = swaks(MAIL, "shaun@it.co.za", port=10025, options=options)
    assert session.code == 0, session.transcript
    assert mail_server.count("shaun@it.co.za") == 1
    assert "[192.0.2.77]" in mail_server.log


def test_a_killed_server_starts_again_with_its_mailboxes(mail_server: MailServer) -> None:
    assert swaks(MAIL, "shaun@it.co.za").code == 0
    assert mail_server.count() == 1
    mail_server.kill()
    assert swaks(MAIL, "shaun@it.co.za").code != 0
    mail_server.start()
    assert swaks(MAIL, "shaun@it.co.za").code == 0
    assert mail_server.count() == 2


def test_a_scanner_refuses_the_test_virus_and_hands_clean_mail_on(tmp_path: Path) -> None:
    domains = ["it.co.za"]
    with (
        Postfix(tmp_path / "mail", MAIL, domains=domains) as mail_server,
        Scanner(
            tmp_path / "scanner",
            "192.0.2.1",
            domains=domains,
            behind=(MAIL, 25),
            egress="192.0.2.2",
        ),
    ):
        for options in (["--body", EICAR], ["--attach", EICAR], ["--attach", f"ab{EICAR}"]):
            session = swaks("192.0.2.1", "shaun@it.co.za", source=CLIENT, options=options)
            assert session.refused == ["550 5.7.1 virus found: EICAR test string"]
        assert swaks("192.0.2.1", "shaun@it.co.za", source=CLIENT).code == 0
        mail_server.wait_until(lambda: mail_server.count() == 1, 5, "clean mail comes through")
        assert "[192.0.2.2]" in mail_server.mail()[0].message["Received"]


def test_dns_answers_changes_fails_and_goes_away(tmp_path: Path) -> None:
    zones = {"it.co.za": "@ MX 10 mx.scanner.example.", "broken.example": None}
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.53"]

    def mx(name: str) -> list[str]:
        return [str(record) for record in resolver.resolve(name, "MX")]

    with (
        Nsd(tmp_path / "nsd", "127.0.0.54", zones=zones) as nsd,
        Unbound(tmp_path / "unbound", "127.0.0.53", root=("127.0.0.54", 53)) as unbound,
    ):
        assert mx("it.co.za") == ["10 mx.scanner.example."]
        with pytest.raises(dns.resolver.NXDOMAIN):
            mx("nothing.example")
        with pytest.raises(dns.resolver.NoNameservers, match="SERVFAIL"):
            mx("broken.example")
        nsd.change("it.co.za", "@ MX 20 other.example.")
        unbound.stop()
        unbound.start()
        assert mx("it.co.za") == ["20 other.example."]
        nsd.stop()
        with pytest.raises(dns.resolver.NoNameservers, match="SERVFAIL"):
            mx("never.asked.example")


def test_a_sink_takes_what_a_source_sends(tmp_path: Path) -> None:
    with SmtpSink(tmp_path / "sink", "2001:db8::9"):
        session = smtp_source("2001:db8::9", "a@it.co.za", messages=50, sessions=5)
        assert (session.code, session.transcript) == (0, "")
    with SmtpSink(tmp_path / "refusing", "2001:db8::9", options=["-r", "RCPT"]):
        assert smtp_source("2001:db8::9", "a@it.co.za").code != 0


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="no_such_option"):
        Exim(tmp_path / "exim", MAIL, settings="no_such_option = 1").start()


def test_nothing_is_left_when_a_server_stops(mail_server: MailServer) -> None:
    namespace = namespace_of(mail_server.pid)
    assert processes_in(namespace)
    mail_server.stop()
    assert not processes_in(namespace)
    assert str(mail_server.directory) not in Path("/proc/self/mountinfo").read_text()


def test_nothing_is_left_when_the_test_run_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time, pathlib; from tests.integration.servers import Postfix\n"
        "server = Postfix(pathlib.Path(sys.argv[1]), sys.argv[2]); server.start()\n"
        "print(server.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "mail"), MAIL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        namespace = namespace_of(int(run.stdout.readline()))
        assert len(processes_in(namespace)) > 1
        run.send_signal(signal.SIGKILL)
    assert soon(lambda: not processes_in(namespace))


def namespace_of(process: int | str) -> str:
    """The process namespace it is in; "" where it has ended, even if nobody has noticed yet."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        return "" if state == "Z" else str(Path(f"/proc/{process}/ns/pid").readlink())
    except OSError:
        return ""


def processes_in(namespace: str) -> list[str]:
    everyone = [path.name for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [process for process in everyone if namespace_of(process) == namespace]


def soon(true: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.01)
    return False
