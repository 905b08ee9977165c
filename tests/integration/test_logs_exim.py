"""Real Exim, sent mail of every kind: its log is understood to the last line, and what it tells is
what was sent, whatever its log_selector. None of the forgers' words becomes anybody's address.
"""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from time import time

import pytest

from mxward.maillog.exim import EximReader
from mxward.maillog.logged import Logged, Outcome, Tally
from mxward.maillog.recognise import Format, recognise
from mxward.maillog.stamps import Clock
from tests.certificates import Authority
from tests.integration import logging_servers
from tests.integration.log_traffic import (
    FEW,
    HONEST,
    HOSTILE,
    ODD,
    PROXIED,
    SILENT,
    Client,
    Place,
    clients_refused,
    play,
)
from tests.integration.resumed import read_in_parts
from tests.integration.servers import Exim, room
from tests.integration.spoken import untrue
from tests.integration.syslogd import Syslogd

pytestmark = pytest.mark.real

SERVERS = {4: "198.51.100.25", 6: "2001:db8:1::25"}
TWO_WAYS = {"refused as fields"}
"""Kinds whose lines can be read in two ways: their HELO might say all of it."""
JUNK = {"helo as client", "helo as client, refused", "helo as subject", "helo as line"}


@dataclass(frozen=True)
class Case:
    """How Exim logs."""

    family: int
    log_selector: str
    settings: str = ""
    syslog: bool = False
    in_two_ways: set[str] = field(default_factory=lambda: TWO_WAYS)
    every_kind: bool = False  # of mail in the short run, too


CASES = {
    "as shipped": Case(4, "", every_kind=True),
    "as Debian has it": Case(6, logging_servers.DEBIANS_LOG_SELECTOR),
    "all there is": Case(6, "+all", "log_timezone = true"),
    "junk in HELO": Case(
        4,
        "+received_recipients +received_sender +subject +smtp_confirmation",
        "helo_accept_junk_hosts = *",
        in_two_ways=TWO_WAYS | JUNK,
    ),
    "syslog": Case(4, "+received_recipients +pid", syslog=True),
    "syslog without its time": Case(6, "+millisec", "syslog_timestamp = false", syslog=True),
}


@dataclass(frozen=True)
class Told:
    """What was sent, and what stands in the logs."""

    case: Case
    clients: list[Client]
    logged: list[Logged]
    tally: Tally
    directory: Path
    log: Path

    def kinds(self) -> set[str]:
        return {client.kind for client in self.clients}

    def of(self, client: Client) -> list[Logged]:
        return [one for one in self.logged if one.client == client.address]


LONG = {"as Debian has it", "syslog"}


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.long] * (name in LONG)) for name in CASES],
)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    case = CASES[request.param]
    directory = tmp_path_factory.mktemp("exim")
    authority = Authority()
    server = logging_servers.exim(
        directory / "srv",
        SERVERS[case.family],
        authority,
        clients_refused(case.family),
        log_selector=case.log_selector,
        settings=case.settings,
        kind=logging_servers.EximToSyslog if case.syslog else Exim,
    )
    place = Place(server.address, authority.issue("client.example").write(directory, "client"))
    with ExitStack() as stack:
        if case.syslog:
            stack.enter_context(Syslogd(directory / "srv", "mx.provider.example"))
        stack.enter_context(server)
        every_kind = case.every_kind or request.config.getoption("--long")
        clients = play(place, SILENT | (HONEST if every_kind else FEW) | ODD | PROXIED | HOSTILE)
        if not case.syslog:
            submit(server)
        server.wait_until_settled()
    log = directory / "srv" / ("log" if case.syslog else "logs/main")
    return Told(case, clients, *read(log), directory / "srv", log)


def submit(server: Exim) -> None:
    """As programs on its own host do: by sendmail's command line, and by SMTP over a pipe.

    It is delivered before the program ends: with the room ends whoever is still at it, and what was
    in the mailbox by then is Completed later without a line that says whose.
    """
    smtp = "EHLO me\nMAIL FROM:<anna@it.co.za>\nRCPT TO:<b@it.co.za>\nDATA\n\nhello\n.\nQUIT\n"
    for options, given in (
        ("-odf -i -f anna@it.co.za a@it.co.za", "\nhello\n"),
        ("-odf -bs", smtp),
    ):
        words = ["/opt/usr/sbin/exim4", "-C", "/srv/exim.conf", *options.split()]
        command = room.command(words, server.directory)
        subprocess.run(command, input=given.encode(), check=True, capture_output=True, timeout=30)


def read(log: Path, *, rejectlog: bool = False) -> tuple[list[Logged], Tally]:
    reader = EximReader(Clock(UTC, time()), rejectlog=rejectlog)
    with log.open("rb") as lines:
        logged = [*reader.read(lines), *reader.end()]
    return logged, reader.tally


def test_no_line_is_left_over_but_what_can_be_read_in_two_ways(told: Told) -> None:
    strange = [line for lines in told.tally.samples.values() for _, line in lines]
    assert told.tally.strange.total() == len(strange) == len(told.case.in_two_ways)
    for client in told.clients:
        if client.kind in told.case.in_two_ways:
            assert sum(f"[{client.address}]" in line for line in strange) == 1
    assert told.tally.told.total() + len(strange) == told.tally.lines
    assert recognise(told.log.read_bytes().split(b"\n")) is Format.EXIM


def test_what_is_told_is_what_was_sent(told: Told) -> None:
    complaints = {
        client.kind: wrong
        for client in told.clients
        if client.kind not in told.case.in_two_ways
        and (wrong := untrue(client.expected, told.of(client)))
    }
    assert complaints == {}
    accepted = [one for one in told.logged if one.outcome is Outcome.ACCEPTED]
    assert len(accepted) > 40


def test_what_can_be_read_in_two_ways_is_not_guessed(told: Told) -> None:
    for client in told.clients:
        if client.kind in told.case.in_two_ways:
            assert told.of(client) == []


def test_nobody_is_told_of_who_did_not_come(told: Told) -> None:
    came = {client.address for client in told.clients}
    assert {one.client for one in told.logged if one.client is not None} <= came


def test_its_own_mail_has_no_client(told: Told) -> None:
    own = [(one.sender, one.recipients) for one in told.logged if one.client is None]
    bounces = [("", ("a@client.example",))]  # of "too far"
    bounces += [("", ("anna@it.co.za",))] if "comes back" in told.kinds() else []
    submitted = [("anna@it.co.za", (f"{name}@it.co.za",)) for name in "ab"]
    assert sorted(own) == sorted(bounces + (submitted if not told.case.syslog else []))


def test_the_rejectlog_tells_the_same_of_what_was_rejected(told: Told) -> None:
    if told.case.syslog:
        return
    log = told.directory / "logs/reject"
    assert recognise(log.read_bytes().split(b"\n")) is Format.REJECTLOG
    logged, tally = read(log, rejectlog=True)
    assert tally.strange.total() <= len(told.case.in_two_ways)
    rejected = [one for one in told.logged if one.outcome is not Outcome.ACCEPTED]
    assert [one._replace(line=0) for one in logged] == [one._replace(line=0) for one in rejected]


@pytest.mark.parametrize("lines", [1, 7])
def test_a_reader_goes_on_where_another_one_has_been(told: Told, lines: int) -> None:
    assert read_in_parts(told.log, Format.EXIM, lines) == told.logged
