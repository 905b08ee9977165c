"""A what-if over a log says what the live proxy decides when the same mail is played through it.

The mail is played once with every domain observed, and the mail server's log of that is replayed;
then it is played again with every domain in a stage, and mxward's own log tells what was done.

Left out are source routes (`@a,@b:u@c`): mail servers leave them out of their logs.
"""

from __future__ import annotations

import json
import re
import shutil
import smtplib
import ssl
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mxward import domains
from mxward.cli import main
from tests.integration.servers import Exim, MailServer, Postfix, room
from tests.integration.servers.dovecot import Dovecot
from tests.integration.site import CLIENT, DIRECT, MAIL, OTHER, SCANNER, THROUGH, Site, site

pytestmark = pytest.mark.real

EXCHANGE, SENDS, WORM = "198.51.100.10", "192.0.2.9", "4.3.90.120"
USER, PASSWORD = "login-name", "pass-word"
DOVECOT, PORT = "203.0.113.98", 12345
FRONTED = "@ MX 10 mx1.clean.example."
MORE: dict[str, str | None] = {
    "two.example": FRONTED,
    "own.example": f"@ MX 10 mail\nmail A {MAIL}",
    "hole.example": f"{FRONTED}\n@ MX 20 mail\nmail A {MAIL}",
    "moved.example": "@ MX 10 mbox\nmbox A 192.0.2.99",
    "nullmx.example": "@ MX 0 .",
    "broken.example": None,
}
TRUST = f"""
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
"""
EXIM = f"""\
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{USER}}}}}{{eq{{$auth3}}{{{PASSWORD}}}}}}}}}
  server_set_id = $auth2
"""
# It tries nothing again: qmgr(8) may lose sight of a message that it tries each second.
POSTFIX = f"""\
queue_run_delay = 1000s
minimal_backoff_time = 1000s
maximal_backoff_time = 1000s
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:{DOVECOT}:{PORT}
"""


@dataclass(frozen=True)
class Sent:
    """One message; its HELO tells it from the others."""

    client: str
    recipients: str
    sender: str = "a@client.example"
    authenticated: bool = False


MAIL_SENT = [
    *(Sent(SCANNER, f"u@{domain}") for domain in (THROUGH, "two.example", "own.example")),
    Sent(EXCHANGE, f"u@{THROUGH}"),
    *(Sent(CLIENT, f"u@{domain}") for domain in (THROUGH, DIRECT, *MORE)),
    Sent(CLIENT, f"u@{THROUGH},v@{THROUGH},w@{THROUGH}"),
    Sent(CLIENT, f"u@{THROUGH.upper()}."),
    Sent(CLIENT, f"u@{THROUGH}", sender=""),
    Sent(OTHER, f"u@{THROUGH}"),
    Sent(OTHER, "u@two.example"),
    *(Sent(SENDS, f"u@{THROUGH}", sender=f"a@{of}.example") for of in ("friend", "worm")),
    *(Sent(WORM, f"shaun@{domain}", sender="e-cards@hallmark.com") for domain in (THROUGH, *MORE)),
    *(Sent(CLIENT, f"u@{domain}", authenticated=True) for domain in (THROUGH, "far.example")),
    Sent(WORM, f"u%{THROUGH}@two.example"),
    Sent(WORM, f'"u@x"@{THROUGH}'),
    Sent(WORM, f"two.example!u@{THROUGH}"),
    Sent(SCANNER, f"u%{THROUGH}@two.example"),
    Sent(WORM, "postmaster"),
]


SEEN = {
    *("authenticated", "not-ours", "own", "own-and-scanner", "egress", "exchange", "trusted"),
    *("lookup-failed", "no-front-door", "no-scanner", "back-door"),
}
"""The reasons that all of this has."""

MESSAGE = "Subject: which door\r\n\r\nhello\r\n"
TRUSTING = ssl.create_default_context()
TRUSTING.check_hostname, TRUSTING.verify_mode = False, ssl.CERT_NONE

Taken = set[tuple[str, str]]
"""By HELO and recipient."""


def play(stand: Site) -> Taken:
    """Send all of it; what was taken."""
    taken: Taken = set()
    for number, sent in enumerate(MAIL_SENT):
        room.own(sent.client)
        helo = f"n{number}.client.example"
        with smtplib.SMTP(MAIL, 25, helo, 30, (sent.client, 0)) as client:
            client.starttls(context=TRUSTING)
            if sent.authenticated:
                client.login(USER, PASSWORD)
            try:
                refused = client.sendmail(sent.sender, sent.recipients.split(","), MESSAGE)
            except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
                continue
            assert not refused
            taken.update((helo, recipient) for recipient in sent.recipients.split(","))
    return taken


Done = Counter[tuple[str, ...]]


@dataclass
class Stand:
    """One mail server's site, the log of what was taken while all was observed, and of what."""

    site: Site
    log: Path
    taken: Taken
    lived: dict[str, tuple[Done, Done]] = field(default_factory=dict)
    """By stage, what the proxy did with what was taken when it was observed: by client and domain
    where it did not pass; and all of it by door, action and reason.
    """

    def live(self, stage: str) -> tuple[Done, Done]:
        if stage not in self.lived:
            self.lived[stage] = self._play(stage)
        return self.lived[stage]

    def _play(self, stage: str) -> tuple[Done, Done]:
        before = len(self.site.mxward.decisions())
        start(self.site, stage)
        play(self.site)
        stopped, outcomes = Done(), Done()
        for told in self.site.mxward.decisions()[before:]:
            if (told["helo"], told["to"]) in self.taken:
                outcomes[told["door"], told["action"], told["reason"]] += 1
                if told["action"] != "pass":
                    hidden = told["reason"] == "hidden-domain"
                    domain = "" if hidden else domains.of_recipient(told["to"])
                    stopped[told["client"], domain, told["action"], told["reason"]] += 1
        return stopped, outcomes


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    directory = tmp_path_factory.mktemp("dovecot")
    with Dovecot(directory, DOVECOT, PORT, users={USER: PASSWORD}) as server:
        yield server


@pytest.fixture(scope="module", params=[Exim, Postfix])
def stand(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot
) -> Iterator[Stand]:
    kind: type[MailServer] = request.param
    settings = {"settings": POSTFIX} if kind is Postfix else {"authenticators": EXIM}
    directory = tmp_path_factory.mktemp("site")
    with site(directory, kind, more=MORE, **settings) as made:
        start(made, "observe")
        taken = play(made)
        made.mail_server.wait_until_settled()
        log = directory / "mail.log"
        written = made.mail_server.directory / ("log" if kind is Postfix else "logs/main")
        if kind is Postfix:  # its postlogd(8) writes what the others have told it, later on
            messages = len({helo for helo, _ in taken})
            made.mail_server.wait_until(lambda: tells(written, messages), 60, "its log tells it")
        shutil.copy(written, log)
        yield Stand(made, log, taken)


def tells(log: Path, messages: int) -> bool:
    """Whether Postfix's log tells of so many messages, and whom each was for."""
    text = log.read_text(errors="replace")
    ids = set(re.findall(r"/qmgr\[[0-9]+\]: ([0-9A-Za-z]+): from=<", text))
    return len(ids) >= messages and all(f": {id_}: to=<" in text for id_ in ids)


def start(stand: Site, stage: str) -> None:
    stand.start("proxy-v2", stage=stage, scanner="knows_us = true", more=TRUST)


def replayed(stand: Stand, stage: str) -> tuple[dict[str, Any], Done, Done]:
    """The same by `mxward report --what-if` from the mail server's log."""
    words = ["report", "--what-if", stage, "--format", "json", "--zone", "UTC", str(stand.log)]
    config = str(stand.site.mxward.path)
    result = CliRunner().invoke(main, [*words, "--config", config], prog_name="mxward")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    stopped, outcomes = Done(), Done()
    for row in told["what_if"]["stopped"]:
        stopped[row["client"], row["domain"], row["action"], row["reason"]] += row["recipients"]
    for row in told["what_if"]["outcomes"]:
        outcomes[row["door"], row["action"], row["reason"]] += row["recipients"]
    return told, stopped, outcomes


@pytest.mark.parametrize("stage", ["refuse", "defer", "reroute"])
def test_a_what_if_says_what_the_proxy_does(stand: Stand, stage: str) -> None:
    told, stopped, outcomes = replayed(stand, stage)
    live_stopped, live_outcomes = stand.live(stage)
    assert (stopped - live_stopped, live_stopped - stopped) == (Done(), Done())
    assert (outcomes - live_outcomes, live_outcomes - outcomes) == (Done(), Done())
    assert outcomes.total() == len(stand.taken)
    reasons = {reason for _, _, reason in outcomes}
    assert reasons >= SEEN
    # Postfix takes none, but by a source route
    assert ("hidden-domain" in reasons) is isinstance(stand.site.mail_server, Exim)
    (tally,) = told["logs"].values()
    assert tally["strange"] == {}
    rested = told["front_doors"]["recipients"]
    assert rested["not_known"] == 2  # both for broken.example
    assert (rested["remembered_for_that_time"] > 0, rested["today"]) == (True, 0)


def test_a_report_tells_the_same_doors(stand: Stand) -> None:
    """Without a stage that is supposed: what was observed, by door."""
    config = str(stand.site.mxward.path)
    words = ["report", "--format", "json", "--zone", "UTC", str(stand.log), "--config", config]
    told = json.loads(CliRunner().invoke(main, words, prog_name="mxward").stdout)
    _, outcomes = stand.live("defer")
    doors = Counter[str]()
    for (door, _, _), count in outcomes.items():
        doors[door] += count
    assert {door: row["recipients"] for door, row in told["doors"].items()} == doors
    assert WORM in [each["client"] for each in told["clients"]]
