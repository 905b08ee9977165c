"""`mxward policyd` beside real Postfix and Exim: what they answer is what `mxward explain` says.

Each case is played up to RCPT, first while policyd does not run: then the mail server answers as
ever, and that is what it must answer later wherever the decision is to pass. So nothing is granted.
"""

from __future__ import annotations

import json
import signal
import smtplib
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner

from mxward import domains
from mxward.cli import main
from tests.certificates import Authority
from tests.integration.policyd import ACL, RESTRICTIONS, Policyd
from tests.integration.servers import Exim, MailServer, Nsd, Postfix, room
from tests.integration.servers.dovecot import Dovecot
from tests.integration.site import CLIENT, DIRECT, DNS, MAIL, OTHER, SCANNER, THROUGH, ZONES

pytestmark = pytest.mark.real

EXCHANGE, SENDS, WORM = "198.51.100.10", "192.0.2.9", "4.3.90.120"
USER, PASSWORD = "login-name", "pass-word"
DOVECOT, DOVECOT_PORT = "203.0.113.98", 12345
FRONTED = "@ MX 10 mx1.clean.example."
MORE: dict[str, str | None] = {
    "two.example": FRONTED,
    "own.example": f"@ MX 10 mail\nmail A {MAIL}",
    "moved.example": "@ MX 10 mbox\nmbox A 192.0.2.99",
    "nullmx.example": "@ MX 0 .",
    "broken.example": None,
}
CONFIGURATION = f"""\
[server]
hostname = "mx.provider.example"
addresses = ["{MAIL}"]
contact = "postmaster@provider.example"
[inventory]
files = ["localdomains"]
[policy]
stage = "{{stage}}"
[policyd]
fail = "{{fail}}"
[scanners.clean]
mx = ["clean.example"]
addresses = ["{EXCHANGE}"]
egress = ["{SCANNER}"]
knows_us = true
[[trust]]
network = "{OTHER}"
recipients = ["{THROUGH}"]
owner = "anna"
note = "the printer on floor 2"
[[trust]]
network = "{SENDS}"
senders = ["friend.example"]
owner = "anna"
note = "a friend's host"
[[trust]]
name = "one.client.example"
recipients = ["two.example"]
owner = "ben"
note = "a gateway, by its name"
[dns]
servers = ["{DNS}:53"]
timeout = 2.0
[store]
path = "store.db"
"""
EXIM = f"""\
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{USER}}}}}{{eq{{$auth3}}{{{PASSWORD}}}}}}}}}
  server_set_id = $auth2
"""
POSTFIX = f"""\
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:{DOVECOT}:{DOVECOT_PORT}
{RESTRICTIONS}"""
TRUSTING = ssl.create_default_context()
TRUSTING.check_hostname, TRUSTING.verify_mode = False, ssl.CERT_NONE


@dataclass(frozen=True)
class Asked:
    """One recipient that one client names."""

    client: str
    recipient: str
    sender: str = "a@client.example"
    authenticated: bool = False


DOMAINS = (THROUGH, *MORE)
MATRIX = [
    *(Asked(SCANNER, f"u@{domain}") for domain in (*DOMAINS, DIRECT, "far.example")),
    Asked(EXCHANGE, f"u@{THROUGH}"),
    *(Asked(CLIENT, f"u@{domain}") for domain in (*DOMAINS, DIRECT, "far.example")),
    Asked(CLIENT, f"u@{THROUGH.upper()}"),
    Asked(CLIENT, f"u@{THROUGH}", sender=""),
    *(Asked(OTHER, f"u@{domain}") for domain in (THROUGH, "two.example", "far.example")),
    *(Asked(SENDS, f"u@{THROUGH}", sender=f"a@{of}.example") for of in ("friend", "worm")),
    *(Asked(WORM, f"shaun@{domain}", sender="e-cards@hallmark.com") for domain in DOMAINS),
    *(Asked(CLIENT, f"u@{to}", authenticated=True) for to in (THROUGH, "two.example", DIRECT)),
    Asked(WORM, f"u%{THROUGH}@two.example"),
    Asked(WORM, f'"u@x"@{THROUGH}'),
    Asked(WORM, f"nobody@{THROUGH}"),
]


@dataclass
class Stand:
    """A mail server that asks, and what it answers while nobody is there to be asked."""

    mail_server: MailServer
    policyd: Policyd
    as_ever: dict[Asked, tuple[int, str]]

    def start(self, stage: str, fail: str = "dunno") -> None:
        self.policyd.kill()
        self.policyd.configuration = CONFIGURATION.format(stage=stage, fail=fail)
        self.policyd.start()

    def explained(self, asked: Asked) -> dict[str, Any]:
        words = ["explain", "--way", "policyd", "--json", "--client", asked.client]
        words += ["--from", asked.sender, "--config", str(self.policyd.path)]
        words += ["--auth", USER] if asked.authenticated else []
        result = CliRunner().invoke(main, [*words, "--", asked.recipient], prog_name="mxward")
        assert result.exit_code == 0, result.output
        told: dict[str, Any] = json.loads(result.stdout)
        return told


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nsd]:
    room.own(DNS)
    with Nsd(tmp_path_factory.mktemp("nsd"), DNS, zones={**ZONES, **MORE}) as server:
        yield server


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    directory = tmp_path_factory.mktemp("dovecot")
    with Dovecot(directory, DOVECOT, DOVECOT_PORT, users={USER: PASSWORD}) as server:
        yield server


@pytest.fixture(scope="module", params=[Exim, Postfix])
def stand(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    names: Nsd,
    dovecot: Dovecot,
) -> Iterator[Stand]:
    kind: type[MailServer] = request.param
    directory = tmp_path_factory.mktemp("site")
    certificate = Authority().issue("mail.provider.example")
    behind = kind(directory / "mail", MAIL, 25, domains=(*DOMAINS, DIRECT), certificate=certificate)
    if isinstance(behind, Exim):
        behind.authenticators, behind.rcpt = EXIM, ACL
    else:
        behind.settings = POSTFIX
    policyd = Policyd(directory / "mxward", CONFIGURATION.format(stage="observe", fail="dunno"))
    policyd.directory.mkdir()
    (policyd.directory / "localdomains").write_text("\n".join(DOMAINS) + "\n")
    policyd.write()
    with behind:
        try:
            yield Stand(behind, policyd, {asked: ask(asked) for asked in MATRIX})
        finally:
            policyd.kill()


def ask(asked: Asked) -> tuple[int, str]:
    """What the mail server says to RCPT."""
    room.own(asked.client)
    with smtplib.SMTP(MAIL, 25, "n.client.example", 30, (asked.client, 0)) as client:
        client.starttls(context=TRUSTING)
        client.ehlo()
        if asked.authenticated:
            client.login(USER, PASSWORD)
        assert client.mail(asked.sender)[0] == 250
        code, text = client.rcpt(asked.recipient)
        return code, " ".join(text.decode().split())  # Exim breaks long lines


def test_without_policyd_the_mail_server_answers_as_ever(stand: Stand) -> None:
    assert stand.as_ever[Asked(CLIENT, f"u@{THROUGH}")][0] == 250
    for client in (SCANNER, OTHER, CLIENT):
        assert stand.as_ever[Asked(client, "u@far.example")][0] in (454, 550, 554)


@pytest.mark.parametrize("stage", ["observe", "defer", "refuse", "reroute"])
def test_what_is_answered_is_what_explain_says(stand: Stand, stage: str) -> None:
    stand.start(stage)
    seen = set()
    for asked in MATRIX:
        told = stand.explained(asked)
        code, text = ask(asked)
        seen.add(told["action"])
        if told["action"] == "pass":
            assert (code, text) == stand.as_ever[asked], (asked, told)
            continue
        if stand.as_ever[asked][0] >= 400:  # either of them may say so first
            assert code >= 400
            continue
        assert code == {"defer": 451, "refuse": 550}[told["action"]], (asked, text, told)
        if told["reason"] == "back-door":
            domain = domains.of_recipient(asked.recipient)
            assert f"Mail for {domain} is taken at its MX only" in text
            assert "Its MX: mx1.clean.example" in text
            assert "postmaster@provider.example (id " in text
    both = {"refuse", "defer"}  # under reroute, a recipient that hides its domain is refused
    enforced = {"observe": set(), "refuse": both, "reroute": both}.get(stage, {"defer"})
    assert seen == {"pass"} | enforced


def test_it_hears_the_operators_word(stand: Stand) -> None:
    """Trust and stages of the store, within a second or two, without a restart."""
    stand.start("refuse")
    worm = Asked(WORM, f"shaun@{THROUGH}", sender="e-cards@hallmark.com")
    assert ask(worm)[0] == 550
    config = ["--config", str(stand.policyd.path)]
    words = ["trust", "add", "--network", WORM, "--note", "for a test", "--owner", "anna"]
    result = CliRunner().invoke(main, [*words, "--expires", "1d", *config], prog_name="mxward")
    assert result.exit_code == 0, result.output
    until(lambda: ask(worm)[0] == 250)
    other = Asked(CLIENT, "u@two.example", sender="")
    assert stand.explained(other)["reason"] in ("back-door", "trusted")
    until(lambda: "event=word" in stand.policyd.log)
    assert "asker=" in stand.policyd.log
    result = CliRunner().invoke(main, ["trust", "remove", "1", *config], prog_name="mxward")
    assert result.exit_code == 0, result.output
    until(lambda: ask(worm)[0] == 550)


def test_a_reload_and_a_longer_inventory(stand: Stand) -> None:
    stand.start("observe")
    asked = Asked(WORM, f"u@{THROUGH}")
    assert ask(asked)[0] == 250
    stand.policyd.path.write_text(stand.policyd.path.read_text().replace("observe", "defer"))
    stand.policyd.signal(signal.SIGHUP)
    until(lambda: ask(asked)[0] == 451)
    stand.policyd.path.write_text("nonsense = 1\n")
    stand.policyd.signal(signal.SIGHUP)
    until(lambda: "event=reload-refused" in stand.policyd.log)
    assert ask(asked)[0] == 451


def test_it_ends_when_asked_to(stand: Stand) -> None:
    stand.start("refuse")
    assert ask(Asked(WORM, f"u@{THROUGH}"))[0] == 550
    assert stand.policyd.stop() == 0
    assert ask(Asked(WORM, f"u@{THROUGH}"))[0] == 250  # as ever
    until(lambda: "event=stopped" in stand.policyd.log)


def until(true: Any) -> None:
    for _ in range(200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it never came true")
