"""TLS on both sides, with real clients before mxward and a real Postfix behind it."""

from __future__ import annotations

import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import Authority, Issued, self_signed
from tests.integration.dialogue import Dialogue
from tests.integration.servers import Postfix, swaks
from tests.integration.servers.openssl import s_client
from tests.integration.site import BEHIND, CLIENT, MAIL, OTHER, Site, site

pytestmark = pytest.mark.real

OURS, TWO = "mx.provider.example", "mx.two.example"
RELAY = "relay.partner.example"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site"), Postfix) as made:
        yield made


def context(stand: Site, issued: Issued | None = None) -> ssl.SSLContext:
    """A client that believes the site's authority, with a certificate of its own or none."""
    made = ssl.create_default_context(cadata=stand.authority.pem.decode())
    if issued is not None:
        made.load_cert_chain(*issued.write(stand.directory, "client"))
    return made


class _Named(smtplib.SMTP):
    """smtplib, that asks for a name of its choice."""

    def __init__(self, name: str, source: str = CLIENT) -> None:
        super().__init__(MAIL, 25, "client.example", 20, (source, 0))
        self._host = name


# -- clients ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def serving(stand: Site) -> Site:
    """Two certificates, the first the default."""
    certificates = ", ".join(stand.issue(name) for name in (OURS, TWO))
    stand.start("proxy-v2", tls=f"certificates = [{certificates}]", server='upstream_tls = "none"')
    return stand


@pytest.mark.parametrize(
    ("asked", "shown"), [(OURS, OURS), (TWO, TWO), ("else.example", OURS), (None, OURS)]
)
def test_openssl_is_shown_the_certificate_of_the_name(
    serving: Site, asked: str | None, shown: str
) -> None:
    name = ["-servername", asked] if asked else ["-noservername"]
    said = s_client(MAIL, "EHLO client.example\nQUIT\n", *name)
    assert f"subject=CN = {shown}" in said
    assert "250-PIPELINING" in said
    assert "221 2.0.0 Bye" in said


def test_tls_before_1_2_is_not_spoken(serving: Site) -> None:
    weak = ["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"]
    said = s_client(MAIL, "EHLO client.example\nQUIT\n", *weak)
    assert "New, (NONE), Cipher is (NONE)" in said
    assert "PIPELINING" not in said
    assert "250-PIPELINING" in s_client(BEHIND, "EHLO client.example\nQUIT\n", *weak)


def test_everything_is_forgotten_within_tls(serving: Site) -> None:
    with _Named(OURS) as client:
        client.ehlo()
        client.starttls(context=context(serving))
        assert client.docmd("MAIL", "FROM:<a@client.example>")[0] == 503
        client.ehlo()
        assert not client.has_extn("starttls")
        assert client.docmd("STARTTLS")[0] // 100 == 5
        client.sendmail("a@client.example", ["forgotten@it.co.za"], "Subject: x\n\nhello\n")
    assert serving.mail_server.count("forgotten@it.co.za") == 1


HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(508)
MESSAGE = (
    b"MAIL FROM:<a@client.example>\r\nRCPT TO:<smuggled@it.co.za>\r\n"
    b"DATA\r\nSubject: x\r\n\r\nx\r\n.\r\n"
)


@pytest.mark.parametrize(
    "behind", [b"NOOP\r\n", b"EHLO client.example\r\n" + MESSAGE, MESSAGE, HELLO, b"\n", b"x"]
)
def test_what_follows_starttls_in_the_clear_ends_it(serving: Site, behind: bytes) -> None:
    with connected() as client:
        client.sendall(b"STARTTLS\r\n" + behind)
        assert all_of(client).startswith(b"554 5.5.1 Nothing may follow STARTTLS in the clear\r\n")
    assert serving.mail_server.count("smuggled@it.co.za") == 0


@pytest.mark.parametrize("behind", [b"NOOP\r\n", MESSAGE, bytes(600), b"\x80\x2e\x01" + bytes(50)])
def test_what_is_no_handshake_ends_it(serving: Site, behind: bytes) -> None:
    with connected() as client:
        client.sendall(b"STARTTLS\r\n")
        assert client.recv(100).startswith(b"220 ")
        client.sendall(behind)
        # No more than an alert comes back, and no answer of SMTP.
        assert b"250" not in (said := all_of(client))
        assert len(said) <= 7
    assert serving.mail_server.count("smuggled@it.co.za") == 0
    with _Named(OURS) as client:
        client.starttls(context=context(serving))
        assert client.ehlo()[0] == 250


def connected() -> socket.socket:
    """A client that has said EHLO and heard the answer."""
    client = socket.create_connection((MAIL, 25), 20, (CLIENT, 0))
    client.recv(100)
    client.sendall(b"EHLO client.example\r\n")
    assert b"250-STARTTLS\r\n" in client.recv(1000)
    return client


def all_of(client: socket.socket) -> bytes:
    """What comes until the connection ends."""
    said = b""
    try:
        while more := client.recv(1000):
            said += more
    except ConnectionResetError:
        pass
    return said


# -- towards the mail server ------------------------------------------------------------------

OPPORTUNISTIC, NONE = 'upstream_tls = "opportunistic"', 'upstream_tls = "none"'
VERIFIED = 'upstream_tls = "verified"\nupstream_name = "{}"'
RIGHT, WRONG = VERIFIED.format("mail.provider.example"), VERIFIED.format("else.example")
ANCIENT = "smtpd_tls_protocols = !TLSv1.2, !TLSv1.3\n"
CLEAR = "smtpd_tls_security_level = none\n"


@pytest.mark.parametrize(
    ("asked", "settings", "outcome"),
    [
        (NONE, "", "in the clear"),
        (OPPORTUNISTIC, "", "TLS"),
        (OPPORTUNISTIC, ANCIENT, "in the clear"),
        (OPPORTUNISTIC, CLEAR, "in the clear"),
        (RIGHT, "", "TLS"),
        (RIGHT, ANCIENT, "451"),
        (RIGHT, CLEAR, "451"),
        (WRONG, "", "451"),
    ],
)
def test_towards_the_mail_server(
    tmp_path: Path, stand: Site, asked: str, settings: str, outcome: str
) -> None:
    name = f"{tmp_path.name.replace('_', '-')}@it.co.za"
    change(stand, settings)
    authority = stand.authority.write(stand.directory)
    tls = f'upstream_ca = "{authority}"\ncertificates = [{stand.issue(OURS)}]'
    stand.start("proxy-v2", server=asked, tls=tls)
    session = swaks(MAIL, name, source=CLIENT, options=["--tls"])
    mails = stand.mail_server.mail(name)
    if outcome == "451":
        assert session.refused[-1].startswith("451 4."), session.transcript
        assert mails == []
        return
    assert session.code == 0, session.transcript
    [mail] = mails
    assert (b"(using TLSv1.3 " in mail.raw) == (outcome == "TLS")
    assert b" with ESMTPS " in mail.raw if outcome == "TLS" else b" with ESMTP " in mail.raw


def test_a_stranger_who_shows_any_certificate_is_not_believed(stand: Site) -> None:
    change(stand, "")
    authority = Authority("Another CA").write(stand.directory, "another")
    tls = f'upstream_ca = "{authority}"\ncertificates = [{stand.issue(OURS)}]'
    stand.start("proxy-v2", server=RIGHT, tls=tls)
    session = swaks(MAIL, "unbelieved@it.co.za", source=CLIENT)
    assert session.refused[-1].startswith("451 4.")
    assert stand.mail_server.count("unbelieved@it.co.za") == 0
    stand.mxward.decisions()  # when all is written
    told = f'event=upstream-failed level=loud upstream={BEHIND}:10025 why="TLS: '
    assert told in stand.mxward.log
    assert "certificate verify failed: unable to get local issuer" in stand.mxward.log


def change(stand: Site, settings: str) -> None:
    if stand.mail_server.settings != settings:
        stand.mail_server.stop()
        stand.mail_server.settings = settings
        stand.mail_server.start()


# -- STARTTLS is not hidden -------------------------------------------------------------------


def test_serve_does_not_hide_starttls(stand: Site) -> None:
    change(stand, "")
    stand.mxward.kill()
    stand.configure("proxy-v2", tls="")
    stand.mxward.path.write_text(stand.mxward.configuration)
    command = [sys.executable, "-m", "mxward", "serve", "--config", str(stand.mxward.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 78
    assert f"the mail server at {BEHIND}:10025 offers STARTTLS" in done.stderr
    assert "hide_starttls = true" in done.stderr


def test_serve_hides_starttls_where_it_is_told_to(stand: Site) -> None:
    change(stand, "")
    stand.start("proxy-v2", tls="hide_starttls = true")
    with Dialogue(MAIL, source=CLIENT) as client:
        assert "STARTTLS" not in client.say("EHLO client.example")
        assert client.say("STARTTLS").startswith("502 5.5.1")
    assert swaks(MAIL, "hidden@it.co.za", source=CLIENT).code == 0
    assert stand.mail_server.count("hidden@it.co.za") == 1


# -- certificates that change -----------------------------------------------------------------


def shown(stand: Site) -> int:
    """The serial number of the certificate that a client sees."""
    with _Named(OURS) as client:
        client.starttls(context=context(stand))
        assert isinstance(client.sock, ssl.SSLSocket)
        certificate = client.sock.getpeercert()
    assert certificate is not None
    return int(str(certificate["serialNumber"]), 16)


def test_certificates_change_and_vanish_while_it_serves(stand: Site) -> None:
    change(stand, "")
    stand.start("proxy-v2")
    before = shown(stand)
    folder = stand.mxward.directory
    with _Named(OURS) as old:
        old.starttls(context=context(stand))
        new = stand.authority.issue(OURS)
        new.write(folder, OURS)
        stand.mail_server.wait_until(lambda: shown(stand) != before, 10, "it is shown")
        assert shown(stand) == new.certificate.serial_number
        old.sendmail("a@client.example", ["old@it.co.za"], "Subject: x\n\nhello\n")

    (folder / f"{OURS}.key").unlink()
    loud = "event=certificates level=loud"
    stand.mail_server.wait_until(lambda: loud in stand.mxward.log, 10, "it is told")
    assert f"{OURS}.key: no such file" in stand.mxward.log
    assert shown(stand) == new.certificate.serial_number

    newest = stand.authority.issue(OURS)
    newest.write(folder, OURS)
    stand.mail_server.wait_until(
        lambda: "the certificates could be read again" in stand.mxward.log, 10, "it is told"
    )
    assert shown(stand) == newest.certificate.serial_number


# -- clients with certificates ----------------------------------------------------------------


@pytest.fixture(scope="module")
def refusing(stand: Site) -> Site:
    """Whoever has no certificate is refused at the back door of it.co.za."""
    change(stand, "")
    authority = stand.authority.write(stand.directory)
    stand.start(
        "proxy-v2",
        stage="refuse",
        tls=f'client_ca = "{authority}"\ncertificates = [{stand.issue(OURS)}]',
        scanner='certificates = ["*.egress.example"]',
        more=f'[[trust]]\ncertificate = "{RELAY}"\nowner = "anna"\nnote = "the partner"',
    )
    return stand


@pytest.mark.parametrize(
    ("name", "door", "reason"),
    [
        (RELAY, "back", "trusted"),
        ("one.egress.example", "front", "certificate"),
        ("egress.example", "back", "back-door"),
        ("else.partner.example", "back", "back-door"),
        (None, "back", "back-door"),
    ],
)
def test_a_certificate_opens_the_door(
    refusing: Site, name: str | None, door: str, reason: str
) -> None:
    issued = refusing.authority.issue(name) if name else None
    to = f"{name}-is-it@it.co.za"
    taken = brings(refusing, to, issued)
    assert refusing.mail_server.count(to) == (1 if taken else 0)
    decision = refusing.mxward.decisions()[-1]
    assert (decision["door"], decision["reason"]) == (door, reason)
    assert taken == (reason != "back-door")


def test_a_name_nobody_vouches_for_opens_nothing(refusing: Site) -> None:
    """It costs one handshake; from then on the client is not asked, and is served."""
    impostor = self_signed(RELAY)
    with pytest.raises((ssl.SSLError, OSError, smtplib.SMTPServerDisconnected)):
        brings(refusing, "self@it.co.za", impostor, source=OTHER)
    assert not brings(refusing, "self@it.co.za", impostor, source=OTHER)
    assert refusing.mail_server.count("self@it.co.za") == 0
    assert swaks(MAIL, "u@far.example", source=OTHER, options=["--tls"]).refused[-1][:3] == "454"


def test_a_certificate_counts_within_its_connection_only(refusing: Site) -> None:
    assert brings(refusing, "first@it.co.za", refusing.authority.issue(RELAY))
    assert not brings(refusing, "second@it.co.za", None)


def brings(stand: Site, to: str, issued: Issued | None, source: str = CLIENT) -> bool:
    """One message within TLS, with this certificate; whether it is taken."""
    with _Named(OURS, source) as client:
        client.starttls(context=context(stand, issued))
        client.ehlo()
        try:
            client.sendmail("a@client.example", [to], "Subject: x\n\nhello\n")
        except smtplib.SMTPRecipientsRefused as refused:
            assert refused.recipients[to][0] == 550
            return False
    return True
