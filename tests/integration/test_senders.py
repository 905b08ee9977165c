"""Real clients and sending servers, through mxward and past it: nobody can tell the difference.

Through: client -> mxward -> Postfix or Exim; past: client -> the same Postfix or Exim. What is
delivered is compared byte for byte, but for the trace headers; what is answered, by its codes.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import aiosmtplib
import pytest

from tests.integration.servers import (
    Exim,
    EximSender,
    MailServer,
    Postfix,
    PostfixSender,
    ServerError,
    hand_over,
)
from tests.integration.shapes import SHAPES, as_sent
from tests.integration.site import BEHIND, CLIENT, DIRECT, MAIL, OTHER, THROUGH, Site, site

pytestmark = pytest.mark.real

WAYS = ((MAIL, THROUGH), (BEHIND, DIRECT))
NO_CHUNKS = "smtpd_discard_ehlo_keywords = chunking\n"

# Postfix with XCLIENT is the one that takes no BDAT: chunks become DATA before it.
STANDS = [(Postfix, "proxy-v2", ""), (Postfix, "xclient", NO_CHUNKS), (Exim, "proxy-v2", "")]


@pytest.fixture(scope="module", params=STANDS, ids=["postfix", "postfix-xclient", "exim"])
def stand(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    kind, identity, settings = request.param
    with site(tmp_path_factory.mktemp("site"), kind, settings=settings) as made:
        made.start(identity)
        yield made


def same_both_ways(stand: Site, name: str, *, copies: int = 1) -> None:
    """Each shape is in its two mailboxes, and in both the same."""
    found: dict[str, list[bytes]] = {}
    for mail in stand.mail_server.mail():
        found.setdefault(mail.recipient, []).append(as_sent(mail.raw))
    for shape in SHAPES:
        through, past = (found[f"{name}-{shape}@{domain}"] for _, domain in WAYS)
        assert len(through) == len(past) == copies, shape
        assert through == past, shape


def insecure() -> ssl.SSLContext:
    """TLS with whoever answers, as mail servers have it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


# -- Python's clients -------------------------------------------------------------------------


def connect(server: str) -> smtplib.SMTP:
    client = smtplib.SMTP(server, 25, "client.example", 30, (CLIENT, 0))
    client.starttls(context=insecure())
    client.ehlo()
    return client


def test_smtplib(stand: Site) -> None:
    for server, domain in WAYS:
        with connect(server) as client:
            for name, message in SHAPES.items():
                recipients = [f"smtplib-{name}@{domain}", f"nobody@{domain}"]
                refused = client.sendmail(
                    "a@client.example", recipients, message, ["BODY=8BITMIME"]
                )
                assert set(refused) == {f"nobody@{domain}"}
                assert refused[f"nobody@{domain}"][0] == 550
    same_both_ways(stand, "smtplib")


def test_smtplib_many_recipients(stand: Site) -> None:
    with connect(MAIL) as client:
        everybody = [f"many{number}@{THROUGH}" for number in range(30)]
        assert client.sendmail("a@client.example", everybody, SHAPES["plain"]) == {}
    found = [mail.recipient for mail in stand.mail_server.mail()]
    assert sorted(to for to in found if to.startswith("many")) == sorted(everybody)


def test_smtplib_internationalised(stand: Site) -> None:
    options = ["SMTPUTF8", "BODY=8BITMIME"]
    for server, domain in WAYS:
        with connect(server) as client:
            assert client.has_extn("smtputf8")
            client.command_encoding = "utf-8"
            message = "Subject: K\u00fcche\r\n\r\n\u20ac\r\n".encode()
            to = f"k\u00fcche@{domain}"
            assert client.sendmail("\u00e4@client.example", [to], message, options) == {}
    mails = [as_sent(mail.raw) for mail in stand.mail_server.mail()]
    assert mails.count("Subject: K\u00fcche\n\n\u20ac\n".encode()) == 2


Answer = tuple[int, bytes]
Try = Callable[[smtplib.SMTP, str], Answer | dict[str, Answer]]
ERRORS: dict[str, Try] = {
    "nobody is there": lambda client, at: client.sendmail("a@x.example", [f"nobody@{at}"], "x"),
    "a stranger relays": lambda client, at: client.sendmail("a@x.example", ["v@far.example"], "x"),
    "too large": lambda client, at: client.docmd("MAIL", "FROM:<a@x.example> SIZE=999999999"),
    "no sender": lambda client, at: client.docmd("RCPT", f"TO:<a@{at}>"),
    "no recipient": lambda client, at: client.mail("a@x.example") and client.docmd("DATA"),
    "not understood": lambda client, at: client.docmd("MAKE", "mail"),
    "an odd argument": lambda client, at: client.docmd("MAIL", "FROM:<a@x.example> FOO=1"),
    "no address": lambda client, at: client.docmd("MAIL", "FROM:a@x example"),
    "STARTTLS again": lambda client, at: client.docmd("STARTTLS"),
}


@pytest.mark.parametrize("what", ERRORS)
def test_smtplib_sees_the_same_errors(stand: Site, what: str) -> None:
    through, past = (outcome(ERRORS[what], server, domain) for server, domain in WAYS)
    assert through == past


def outcome(attempt: Try, server: str, domain: str) -> str:
    """The exception and the first digits of the codes; then a message goes through as ever."""
    with connect(server) as client:
        try:
            answer = attempt(client, domain)
            seen = f"{answer[0] // 100}" if isinstance(answer, tuple) else "all taken"
        except smtplib.SMTPRecipientsRefused as error:
            seen = f"refused {[code // 100 for code, _ in error.recipients.values()]}"
        except smtplib.SMTPResponseException as error:
            seen = f"{type(error).__name__} {error.smtp_code // 100}"
        client.rset()
        assert client.sendmail("a@x.example", [f"after@{domain}"], SHAPES["plain"]) == {}
    return seen


def test_aiosmtplib(stand: Site) -> None:
    async def send(server: str, domain: str) -> None:
        async with aiosmtplib.SMTP(
            hostname=server,
            port=25,
            start_tls=True,
            tls_context=insecure(),
            source_address=(CLIENT, 0),
            local_hostname="client.example",
        ) as client:
            for name, message in SHAPES.items():
                to = [f"aio-{name}@{domain}", f"aio2-{name}@{domain}"]
                refused, _ = await client.sendmail("a@client.example", to, message)
                assert refused == {}

    for server, domain in WAYS:
        asyncio.run(send(server, domain))
    same_both_ways(stand, "aio")
    same_both_ways(stand, "aio2")


# -- sending servers --------------------------------------------------------------------------


def brings(stand: Site, sender: MailServer, name: str) -> None:
    """Each shape, to both ways at once."""
    for shape, message in SHAPES.items():
        hand_over(sender, message, *(f"{name}-{shape}@{domain}" for _, domain in WAYS))
    wanted = 2 * len(SHAPES)

    def all_there() -> bool:
        found = (mail.recipient for mail in stand.mail_server.mail())
        return sum(to.startswith(f"{name}-") for to in found) >= wanted

    try:
        stand.mail_server.wait_until(all_there, 30, "all has arrived")
    except ServerError as error:
        raise AssertionError(f"{sender.log}\n{stand.mxward.log}") from error
    same_both_ways(stand, name)
    assert sender.queued() == []


@pytest.mark.parametrize("encrypt", [False, True])
def test_postfix_sends(stand: Site, tmp_path: Path, encrypt: bool) -> None:
    routes = {domain: host for host, domain in WAYS}
    with PostfixSender(tmp_path / "out", CLIENT, routes, encrypt=encrypt) as sender:
        brings(stand, sender, f"postfix-{encrypt}")
        assert f"TLS connection established to {MAIL}[{MAIL}]:25: TLSv1.3" in sender.log


def test_exim_sends(stand: Site, tmp_path: Path) -> None:
    routes = {domain: host for host, domain in WAYS}
    with EximSender(tmp_path / "out", OTHER, routes, encrypt=True) as sender:
        brings(stand, sender, "exim")
        done = [line for line in sender.log.splitlines() if f"@{THROUGH} " in line and "=>" in line]
        assert len(done) == len(SHAPES)
        for line in done:
            assert {"L", "K"} <= {*line.split()}, line  # PIPELINING, CHUNKING
            assert "X=TLS1.3" in line
