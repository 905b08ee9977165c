"""AUTH through mxward: Exim's own authenticators, and Dovecot's for both Exim and Postfix.

Who has authenticated may send to anybody; nobody else may. What is secret never stands in the log.
"""

from __future__ import annotations

import base64
import re
import smtplib
import ssl
import subprocess
from collections.abc import Iterator

import pytest

from tests.integration.servers import Exim, MailServer, Postfix, room, swaks
from tests.integration.servers.dovecot import Dovecot
from tests.integration.site import CLIENT, MAIL, OTHER, Site, site

pytestmark = pytest.mark.real

USER, PASSWORD, WRONG = "login-name-7c1", "pass-word-9f", "wrong-word-33"
DOVECOT, PORT = "203.0.113.98", 12345
FAR, OURS = "far@elsewhere.example", "ours@it.co.za"

_EXIM = f"""\
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{USER}}}}}{{eq{{$auth3}}{{{PASSWORD}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${{if and{{{{eq{{$auth1}}{{{USER}}}}}{{eq{{$auth2}}{{{PASSWORD}}}}}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${{if eq{{$auth1}}{{{USER}}}{{{PASSWORD}}}fail}}
  server_set_id = $auth1
""" + "".join(
    f"""\
{name.replace("-", "_").lower()}:
  driver = dovecot
  public_name = {name}
  server_socket = {DOVECOT} {PORT}
  server_set_id = $auth1
"""
    for name in ("SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2")
)
# It tries nothing again: qmgr(8) may lose sight of a message that it tries each second.
_POSTFIX = f"""\
queue_run_delay = 1000s
minimal_backoff_time = 1000s
maximal_backoff_time = 1000s
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:{DOVECOT}:{PORT}
"""
MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2"]


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    directory = tmp_path_factory.mktemp("dovecot")
    with Dovecot(directory, DOVECOT, PORT, users={USER: PASSWORD}) as server:
        yield server


@pytest.fixture(scope="module", params=[(Exim, "proxy-v2"), (Postfix, "xclient")])
def stand(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot
) -> Iterator[Site]:
    kind, identity = request.param
    settings, authenticators = (_POSTFIX, "") if kind is Postfix else ("", _EXIM)
    directory = tmp_path_factory.mktemp("site")
    with site(directory, kind, settings=settings, authenticators=authenticators) as made:
        made.start(identity, stage="refuse")
        yield made


class _Client(smtplib.SMTP):
    """Within TLS, after EHLO."""

    def __init__(self, source: str = CLIENT) -> None:
        super().__init__(MAIL, 25, "client.example", 30, (source, 0))
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.starttls(context=context)
        self.ehlo()
        self.user, self.password = USER, PASSWORD


def xoauth2(dovecot: Dovecot, spoilt: str = "") -> str:
    said = f"user={USER}\1auth=Bearer {dovecot.token(USER)}{spoilt}\1\1"
    return base64.b64encode(said.encode()).decode()


def far_mail(mail_server: MailServer) -> int:
    return mail_server.queued().count(FAR)


def test_without_auth_nobody_relays_and_the_door_is_shut(stand: Site) -> None:
    assert swaks(MAIL, FAR, source=CLIENT, options=["--tls"]).refused
    assert swaks(MAIL, OURS, source=CLIENT, options=["--tls"]).refused[-1].startswith("550 5.7.1")
    assert far_mail(stand.mail_server) == stand.mail_server.count() == 0


@pytest.mark.parametrize("mechanism", MECHANISMS[:3])
def test_swaks_logs_in_and_sends(stand: Site, mechanism: str) -> None:
    before = far_mail(stand.mail_server), stand.mail_server.count(OURS)
    auth = ["--tls", "--auth", mechanism, "--auth-user", USER, "--auth-password"]
    wrong = swaks(MAIL, FAR, source=CLIENT, options=[*auth, WRONG])
    assert [line[:3] for line in wrong.refused] == ["535"]
    for to in (FAR, OURS):
        session = swaks(MAIL, to, source=CLIENT, options=[*auth, PASSWORD])
        assert session.code == 0, session.transcript
    assert far_mail(stand.mail_server) == before[0] + 1
    assert stand.mail_server.count(OURS) == before[1] + 1


@pytest.mark.parametrize("mechanism", MECHANISMS[:3])
@pytest.mark.parametrize("at_once", [True, False])
def test_smtplib_logs_in(stand: Site, mechanism: str, at_once: bool) -> None:
    before = far_mail(stand.mail_server)
    with _Client() as client:
        assert client.esmtp_features["auth"].split() == MECHANISMS
        talk = getattr(client, f"auth_{mechanism.lower().replace('-', '_')}")
        client.password = WRONG
        with pytest.raises(smtplib.SMTPAuthenticationError) as error:
            client.auth(mechanism, talk, initial_response_ok=at_once)
        assert error.value.smtp_code == 535
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("a@client.example", [FAR], "Subject: x\n\nhello\n")
        client.password = PASSWORD
        assert client.auth(mechanism, talk, initial_response_ok=at_once)[0] == 235
        for _ in range(2):
            client.sendmail("a@client.example", [FAR], "Subject: x\n\nhello\n")
        assert client.docmd("AUTH", "PLAIN")[0] == 503
    assert far_mail(stand.mail_server) == before + 2


def test_an_exchange_is_cancelled(stand: Site) -> None:
    with _Client() as client:
        for cancel in ("*", "no base64!"):
            assert client.docmd("AUTH", "LOGIN")[0] == 334
            assert client.docmd(cancel)[0] == 501
        assert client.docmd("AUTH", "NTLM")[0] == 504
        assert client.login(USER, PASSWORD)[0] == 235


@pytest.mark.parametrize("mechanism", MECHANISMS[:5])
def test_gsasl_logs_in(stand: Site, mechanism: str) -> None:
    assert gsasl(stand, mechanism, PASSWORD) == ["235"]
    assert gsasl(stand, mechanism, WRONG) == ["535"]


def gsasl(stand: Site, mechanism: str, password: str) -> list[str]:
    """What a client is told at the end of its AUTH."""
    command = ["/opt/usr/bin/gsasl", "--smtp", "--connect", f"{MAIL}:25", "--mechanism", mechanism]
    command += ["--authentication-id", USER, "--password", password]
    command += ["--x509-ca-file=", "--no-cb"]
    done = subprocess.run(
        room.command(command, stand.directory / "gsasl"),
        input=b"QUIT\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=30,
    )
    return [line[:3] for line in done.stdout.decode().splitlines() if line[:2] in ("23", "53")]


def test_a_token_logs_in(stand: Site, dovecot: Dovecot) -> None:
    before = far_mail(stand.mail_server)
    with _Client() as client:
        code, error = client.docmd("AUTH", f"XOAUTH2 {xoauth2(dovecot, spoilt='x')}")
        assert code == 334
        assert b'"status":"401"' in base64.b64decode(error)
        assert client.docmd("")[0] == 535
        assert client.docmd("AUTH", f"XOAUTH2 {xoauth2(dovecot)}")[0] == 235
        client.sendmail("a@client.example", [FAR], "Subject: x\n\nhello\n")
    assert far_mail(stand.mail_server) == before + 1


def test_who_comes_next_is_nobody(stand: Site) -> None:
    """The next client has no connection that somebody has authenticated on."""
    ended = ended_by(CLIENT, stand)
    for _ in range(3):
        before = far_mail(stand.mail_server)
        with _Client() as client:
            client.login(USER, PASSWORD)
            client.sendmail("a@client.example", [FAR], "Subject: x\n\nhello\n")
        with _Client(OTHER) as client, pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("a@client.example", [FAR], "Subject: x\n\nhello\n")
        assert far_mail(stand.mail_server) == before + 1
    if isinstance(stand.mail_server, Postfix):
        stand.mail_server.wait_until(
            lambda: ended_by(CLIENT, stand) == ended + 3,
            10,
            "each connection ended with its client",
        )


def ended_by(client: str, stand: Site) -> int:
    """How many connections there were at Postfix whose last client this was, and it had AUTH."""
    return len(re.findall(rf"disconnect from \S+\[{client}\] .* auth=1 ", stand.mail_server.log))


def test_no_secret_is_in_the_log(stand: Site, dovecot: Dovecot) -> None:
    """After all of the above, and this."""
    with _Client() as client:
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
            talk = getattr(client, f"auth_{mechanism.lower().replace('-', '_')}")
            client.password = WRONG
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.auth(mechanism, talk)
        assert client.docmd("AUTH", f"XOAUTH2 {xoauth2(dovecot)}")[0] == 235
        client.sendmail("a@client.example", [FAR], "Subject: x\n\nhello\n")
    with _Client() as client:
        assert client.login(USER, PASSWORD)[0] == 235
    stand.mxward.decisions()
    log = stand.mxward.log
    assert "event=auth " in log
    assert "reason=authenticated" in log
    said = [USER, PASSWORD, WRONG, dovecot.token(USER), f"\0{USER}\0{PASSWORD}"]
    for secret in said:
        assert secret not in log
        for form in encoded(secret):
            assert form not in log


def encoded(secret: str) -> Iterator[str]:
    """Its base64, at whichever of the three offsets it stands in something longer."""
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + secret.encode()).decode()
        yield text[4:-4]


# -- where AUTH is offered --------------------------------------------------------------------


CLEAR = ["--auth", "PLAIN", "--auth-user", USER, "--auth-password", PASSWORD]


@pytest.mark.parametrize(
    ("auth", "in_the_clear", "within_tls", "refusal"),
    [("tls", False, True, 538), ("always", True, True, 235), ("never", False, False, 502)],
)
def test_where_auth_is_offered(
    stand: Site, auth: str, in_the_clear: bool, within_tls: bool, refusal: int
) -> None:
    identity = "xclient" if isinstance(stand.mail_server, Postfix) else "proxy-v2"
    stand.start(identity, server=f'auth = "{auth}"')
    with smtplib.SMTP(MAIL, 25, "client.example", 30, (CLIENT, 0)) as client:
        client.ehlo()
        assert client.has_extn("auth") is in_the_clear
        said = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
        assert client.docmd("AUTH", f"PLAIN {said}")[0] == refusal
    with _Client() as client:
        assert client.has_extn("auth") is within_tls
    before = far_mail(stand.mail_server)
    assert (swaks(MAIL, FAR, source=CLIENT, options=CLEAR).code == 0) is in_the_clear
    session = swaks(MAIL, FAR, source=CLIENT, options=["--tls", *CLEAR])
    assert (session.code == 0) is within_tls
    assert far_mail(stand.mail_server) == before + in_the_clear + within_tls
