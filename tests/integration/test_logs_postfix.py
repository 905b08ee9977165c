"""Real Postfix, sent mail of every kind: its log is understood to the last line, and what it tells
is what was sent. None of the forgers' words becomes anybody's address.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from time import time

import pytest

from mxward.maillog.logged import Logged, Outcome, Tally
from mxward.maillog.postfix import PostfixReader
from mxward.maillog.recognise import Format, recognise
from mxward.maillog.stamps import Clock
from tests.certificates import Authority
from tests.integration import logging_servers
from tests.integration.log_traffic import (
    FEW,
    HONEST,
    HOSTILE,
    ODD,
    OF_POSTFIX,
    PROXIED,
    SILENT,
    Client,
    Place,
    clients_refused,
    play,
)
from tests.integration.resumed import read_in_parts
from tests.integration.servers import Postfix, room
from tests.integration.servers.dovecot import Dovecot
from tests.integration.spoken import untrue

pytestmark = pytest.mark.real

SERVERS = {4: "198.51.100.25", 6: "2001:db8:1::25"}
DOVECOT, PORT = "127.0.0.40", 12345


@dataclass(frozen=True)
class Case:
    """How Postfix logs."""

    family: int
    settings: str = ""
    every_kind: bool = False  # of mail in the short run, too


CASES = {
    "as shipped": Case(4, every_kind=True),
    "long ids and ports": Case(
        6,
        "enable_long_queue_ids = yes\nsmtpd_client_port_logging = yes\n"
        "smtpd_peername_lookup = yes\nsmtpd_tls_loglevel = 2\n",
    ),
}


@dataclass(frozen=True)
class Told:
    """What was sent, and what stands in the log."""

    clients: list[Client]
    logged: list[Logged]
    tally: Tally
    log: Path


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    users = {logging_servers.USER: logging_servers.PASSWORD}
    with Dovecot(tmp_path_factory.mktemp("dovecot"), DOVECOT, PORT, users=users) as server:
        yield server


@pytest.fixture(scope="module", params=CASES)
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot
) -> Told:
    case = CASES[request.param]
    directory = tmp_path_factory.mktemp("postfix")
    authority = Authority()
    server = logging_servers.postfix(
        directory / "srv",
        SERVERS[case.family],
        authority,
        clients_refused(case.family),
        f"{dovecot.address}:{dovecot.port}",
        settings=case.settings,
    )
    place = Place(server.address, authority.issue("client.example").write(directory, "client"))
    every_kind = case.every_kind or request.config.getoption("--long")
    kinds = SILENT | (HONEST if every_kind else FEW) | ODD | PROXIED | OF_POSTFIX | HOSTILE
    with server:
        clients = play(place, kinds)
        submit(server)
        wait_until_delivered(server)
    log = directory / "srv" / "log"
    reader = PostfixReader(Clock(UTC, time()))
    with log.open("rb") as lines:
        logged = [*reader.read(lines), *reader.end()]
    return Told(clients, logged, reader.tally, log)


def submit(server: Postfix) -> None:
    """As programs on its own host do: by sendmail's command line, and by SMTP over a pipe."""
    known = server.directory / "etc" / "postfix"
    known.mkdir(exist_ok=True)
    shutil.copy(server.directory / "main.cf", known)  # postdrop reads no other
    smtp = "EHLO me\nMAIL FROM:<anna@it.co.za>\nRCPT TO:<b@it.co.za>\nDATA\n\nhello\n.\nQUIT\n"
    packaged = ["setpriv", "--reuid=nobody", "--regid=postdrop", "--clear-groups"]
    for options, given in (("-f anna@it.co.za a@it.co.za", "\nhello\n"), ("-bs", smtp)):
        words = [*packaged, "/opt/usr/sbin/sendmail", *options.split()]
        command = room.command(words, server.directory)
        subprocess.run(command, input=given.encode(), check=True, capture_output=True, timeout=30)


def wait_until_delivered(server: Postfix) -> None:
    """What was submitted may not be in a queue yet."""
    server.wait_until(
        lambda: (
            all(f"to=<{name}@it.co.za>, relay=" in server.log for name in ("a", "b"))
            and server.log.count("uid=") == 2
        ),
        30,
        "what was submitted is delivered",
    )
    server.wait_until_settled()


def test_no_line_is_left_over(told: Told) -> None:
    assert told.tally.samples == {}
    assert told.tally.told.total() == told.tally.lines
    assert recognise(told.log.read_bytes().splitlines()) is Format.POSTFIX


def test_what_is_told_is_what_was_sent(told: Told) -> None:
    complaints = {}
    for client in told.clients:
        of_client = [one for one in told.logged if one.client == client.address]
        if wrong := untrue(client.expected, of_client):
            complaints[client.kind] = wrong
    assert complaints == {}
    assert sum(one.outcome is Outcome.ACCEPTED for one in told.logged) > 40


def test_nobody_is_told_of_who_did_not_come(told: Told) -> None:
    came = {client.address for client in told.clients}
    assert {one.client for one in told.logged if one.client is not None} <= came


def test_its_own_mail_has_no_client(told: Told) -> None:
    own = [(one.sender, one.recipients) for one in told.logged if one.client is None]
    came_back = any(client.kind == "comes back" for client in told.clients)
    bounces = [("", ("anna@it.co.za",))] if came_back else []
    submitted = [("anna@it.co.za", (f"{name}@it.co.za",)) for name in "ab"]
    assert sorted(own) == sorted(bounces + submitted)


@pytest.mark.parametrize("lines", [1, 7])
def test_a_reader_goes_on_where_another_one_has_been(told: Told, lines: int) -> None:
    assert read_in_parts(told.log, Format.POSTFIX, lines) == told.logged
