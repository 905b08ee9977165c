"""Nothing is smuggled past mxward: Postfix and Exim deliver what was decided on, and no more.

All that smuggling.py knows, and sessions made of it at random, go to mxward before a real mail
server, from clients whose stray line ends are normalised, rejected, or who may send NUL. Then the
client, mxward's log and the mailboxes are heard, and all three must name the same mail. The guarded
domain is fronted by a scanner and refused here: any mail in it would be a door that stands open.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.fuzz.sessions import random_pieces
from tests.integration import witnesses
from tests.integration.servers import Exim, Mail, MailServer, Postfix, room
from tests.integration.site import CLIENT, MAIL, THROUGH, Site, site
from tests.integration.smuggling import ALL, CASES, GUARDED, MESSAGES, NONE, OPEN, Case, Taken
from tests.integration.world import CLEAN_EGRESS, CONFIGURATION, World, world

pytestmark = [pytest.mark.real, pytest.mark.timeout(3600)]

SECOND, THIRD = "192.0.2.10", "192.0.2.9"
CLIENTS = (CLIENT, SECOND, THIRD)  # in the order of Taken
CONTENT = f"""\
[[clients]]
network = "{SECOND}"
newlines = "reject"

[[clients]]
network = "{THIRD}"
nul = "pass"

[log]
format = "json"
"""
ADVISED = (
    *("lf", "cr", "cr-lf", "lf-cr", "lf-crlf", "cr-crlf", "crlf-lf", "crlf-cr"),
    *("crcrlf", "crlf-crcrlf", "nul-before", "nul-after"),
)  # what the known scanners try
ODD_HELOS = [f"helo.{x}" for x in ("next-line", "line-separator", "escaped", "percent", "xtext")]
"""Exim takes no mail from who calls itself so: the client hears that at its first recipient."""


@dataclass(frozen=True)
class Stand:
    """A mail server that reads its own way; `share` of the cases are played in a short run."""

    kind: type[MailServer]
    identity: str
    settings: str
    share: int


STANDS = {
    "postfix": Stand(Postfix, "proxy-v2", "smtpd_forbid_bare_newline = no\n", 6),
    "postfix-data": Stand(
        Postfix,
        "xclient",
        "smtpd_forbid_bare_newline = yes\nsmtpd_discard_ehlo_keywords = chunking\n",
        7,
    ),
    "exim": Stand(Exim, "proxy-v2", "", 25),
    "exim-data": Stand(Exim, "proxy-v2", "chunking_advertise_hosts =\n", 27),
}


@dataclass
class Played:
    """What has come of all that was sent to one stand."""

    told: list[tuple[bytes, int]] = field(default_factory=list)  # by clients
    taken: dict[str, Taken] = field(default_factory=dict)  # by case
    mails: list[Mail] = field(default_factory=list)
    refused: frozenset[str] = frozenset()  # cases that this mail server does not take

    def send(self, name: str, case: Case, server: str) -> None:
        """One case, by each client in turn."""
        counts = []
        for client in CLIENTS:
            heard = witnesses.converse(server, case.pieces, client)
            told = witnesses.taken(case.stream, heard)
            self.told += told
            counts.append(len(told))
        self.taken[name] = Taken(*counts)


def chosen(share: int) -> dict[str, Case]:
    """What the known scanners try, and every so many of all others."""
    cases = {f"middle.{look}": CASES[f"middle.{look}"] for look in ADVISED}
    return cases | dict(list(CASES.items())[share // 2 :: share])


@pytest.fixture(scope="module", params=STANDS)
def stand(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    count: Callable[[int, int], int],
) -> Iterator[tuple[Played, witnesses.Log]]:
    made = STANDS[request.param]
    played = Played(refused=frozenset(ODD_HELOS if made.kind is Exim else ()))
    room.own(SECOND)
    room.own(THIRD)
    with site(tmp_path_factory.mktemp("site"), made.kind, settings=made.settings) as here:
        here.start(made.identity, stage="refuse", server='upstream_tls = "none"', more=CONTENT)
        for name, case in chosen(count(made.share, 1)).items():
            played.send(name, case, MAIL)
        for seed in range(count(100, 3000)):
            pieces = random_pieces(seed)
            pieces = pieces if len(pieces) < 20 else [b"".join(pieces)]
            heard = witnesses.converse(MAIL, pieces, CLIENTS[seed % len(CLIENTS)])
            played.told += witnesses.taken(b"".join(pieces), heard)
        here.mxward.stop()  # its log is whole then
        played.mails = here.mail_server.mail()
        yield played, witnesses.Log(here.mxward.directory / "log")


def test_each_client_is_told_what_is_taken(stand: tuple[Played, witnesses.Log]) -> None:
    played, _ = stand
    wanted = {name: CASES[name].taken for name in played.taken}
    wanted |= dict.fromkeys(played.refused & wanted.keys(), NONE)
    assert played.taken == wanted


def test_the_log_knows_as_many_messages(stand: tuple[Played, witnesses.Log]) -> None:
    played, log = stand
    assert log.verdicts == len(played.told) > 100
    assert log.events("failure") == log.events("dropped") == []


def test_nobody_has_mail_that_was_not_decided_on(stand: tuple[Played, witnesses.Log]) -> None:
    played, log = stand
    assert witnesses.envelopes(played.mails) == log.envelopes("pass")


def test_each_mail_is_what_its_client_has_sent(stand: tuple[Played, witnesses.Log]) -> None:
    played, _ = stand
    assert witnesses.delivered(played.mails) == witnesses.texts(played.told)


def test_the_guarded_domain_has_no_mail(stand: tuple[Played, witnesses.Log]) -> None:
    played, log = stand
    assert [mail for mail in played.mails if mail.recipient.endswith(THROUGH)] == []
    asked = {event["to"].rpartition("@")[2] for event in log.events("decision")}
    assert {GUARDED, OPEN} <= asked


# -- rerouted mail ----------------------------------------------------------------------------


def rerouting_configuration() -> str:
    """Mail leaves from mxward's own address, lest the scanner take it for its own; it may come back
    with NUL in it."""
    text = CONFIGURATION.format(stage="reroute", identity="proxy-v2")
    text = text.replace("contact =", f'reroute_source = ["{MAIL}"]\ncontact =')
    return f'{text}[[clients]]\nnetwork = "{CLEAN_EGRESS}"\nnul = "pass"\n{CONTENT}'


@pytest.fixture(scope="module")
def rerouting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    for client in CLIENTS:
        room.own(client)
    with world(tmp_path_factory.mktemp("world"), Postfix) as here:
        here.mxward.kill()
        here.mxward.configuration = rerouting_configuration()
        here.mxward.start()
        yield here


def test_what_is_rerouted_is_one_message_as_well(
    rerouting: World, count: Callable[[int, int], int]
) -> None:
    """Each goes to the scanner with a line of ours on top, and comes back through mxward."""
    played = Played()
    names = [name for name in CASES if name.removeprefix("chunk.") in MESSAGES]
    for name in names[:: count(7, 1)]:
        visible, case = f"<{name}@{OPEN}>".encode(), CASES[name]
        pieces = (piece.replace(visible, f"<{name}@{GUARDED}>".encode()) for piece in case.pieces)
        played.send(name, Case(tuple(pieces), case.taken), MAIL)
    assert played.taken == {name: CASES[name].taken for name in played.taken}
    server = rerouting.mail_server
    server.wait_until(lambda: server.count() >= len(played.told), 30, "all came back")
    rerouting.scanner.wait_until_settled()
    rerouting.mxward.stop()
    played.mails, log = server.mail(), witnesses.Log(rerouting.mxward.directory / "log")
    assert witnesses.delivered(played.mails) == witnesses.texts(played.told)
    assert log.envelopes("reroute") == log.envelopes("pass") == witnesses.envelopes(played.mails)
    assert rerouting.mail_server.queued() == rerouting.scanner.queued() == []


# -- within TLS -------------------------------------------------------------------------------


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, Postfix) as here:
        here.start("proxy-v2", server='upstream_tls = "none"', more='[log]\nformat = "json"\n')
        yield here


def test_what_follows_tls_in_the_clear_is_nobodys(secured: Site) -> None:
    """The end of a message, in the clear behind the end of TLS, is not the end of the message."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for ending in (b"\r\n.\r\n", b".\r\n", b"\r\n.\r\nQUIT\r\n"):
        with socket.create_connection((MAIL, 25), 10, (CLIENT, 0)) as plain:
            plain.sendall(b"EHLO client.example\r\nSTARTTLS\r\n")
            _hear_until(plain, b"220 2.0.0")
            with context.wrap_socket(plain) as client:
                client.sendall(CASES["no-end"].stream.removesuffix(b"\r\n.\r"))
                _hear_until(client, b"354 ")
                bare = client.unwrap()
                heard = b"".join(_say_in_vain(bare, ending))
        assert b"250" not in heard
    assert secured.mxward.stop() == 0
    assert secured.mail_server.count() == 0
    log = witnesses.Log(secured.mxward.directory / "log")
    assert [event["reply"] for event in log.events("message")] == ["", "", ""]


def _hear_until(client: socket.socket, words: bytes) -> None:
    heard = b""
    while words not in heard:
        more = client.recv(4096)
        assert more, f"it ended behind {heard!r}"
        heard += more


def _say_in_vain(client: socket.socket, words: bytes) -> Iterator[bytes]:
    try:
        client.sendall(words)
        while more := client.recv(4096):
            yield more
    except ConnectionError:
        return  # it was shut out, as it should be


def test_every_way_to_accept_is_played() -> None:
    """A table in which nothing is ever accepted would show nothing."""
    assert sum(case.taken == ALL for case in CASES.values()) > 200
    assert {case.taken for case in CASES.values()} >= {Taken(0, 0, 1), Taken(1, 0, 1)}
