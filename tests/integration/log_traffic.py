"""Mail of every kind for a server whose log is read afterwards, each kind from a client of its own.

What has to stand in the log is counted while it is sent (`Client.expected`), by the answers that
the client got. The forgers in HOSTILE would like to be seen from 198.51.100.7.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.integration.logging_servers import EICAR, PASSWORD, POSTSCREEN, PROXY, USER, XCLIENT
from tests.integration.servers import swaks
from tests.integration.spoken import Expected, converse, of_swaks, tells

__all__ = [
    "FEW",
    "HONEST",
    "HOSTILE",
    "ODD",
    "OF_POSTFIX",
    "PROXIED",
    "SILENT",
    "Client",
    "Place",
    "clients_refused",
    "play",
]

OURS = "shaun@it.co.za"
AT_ONCE = 12
SHORT = {4: "192.0.2.{}", 6: "2001:db8::{:x}"}


def clients_refused(family: int) -> tuple[str, str]:
    """Those that servers turn away at once: for good, and for now."""
    return SHORT[family].format(1), SHORT[family].format(2)


class Client:
    """One kind's client; it notes what it sends, by the answers."""

    def __init__(self, kind: str, place: Place, number: int) -> None:
        self.kind = kind
        self.place = place
        self.address = SHORT[place.family].format(number)
        self.connects_from = ""  # elsewhere than it seems to be
        self.expected: list[Expected] = []

    def send(
        self, options: str = "", to: str = OURS, more: tuple[str, ...] = (), **told: str
    ) -> None:
        """One session with swaks; `options` are its words."""
        told.setdefault("sender", f"{self.kind.replace(' ', '-')}@client.example")
        told.setdefault("source", self.address)
        words = [*options.split(), *more]
        session = swaks(self.place.server, to, options=words, **told)  # type: ignore[arg-type]
        self.expected += tells(of_swaks(session.transcript), self.address)

    def say(
        self,
        *commands: bytes,
        at_once: int = 0,
        before: bytes = b"",
        early: bytes = b"",
        stays: bool = False,
        port: int = 25,
    ) -> None:
        """One session with a raw client; see `converse`."""
        spoken = converse(
            self.place.server,
            self.connects_from or self.address,
            *commands,
            at_once=at_once,
            before=before,
            early=early,
            stays=stays,
            port=port,
        )
        self.expected += tells(spoken, self.address)


@dataclass(frozen=True)
class Place:
    """Where clients find themselves."""

    server: str  # an address
    certificate: tuple[str, str]  # a client's own: its chain and its key, as paths

    @property
    def family(self) -> int:
        return 6 if ":" in self.server else 4


def play(place: Place, kinds: dict[str, Callable[[Client], None]]) -> list[Client]:
    """Let a client of each kind send, some at the same time."""
    clients = [Client(kind, place, 10 + number) for number, kind in enumerate(kinds)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda client: kinds[client.kind](client), clients))
    return clients


def _connecting(client: Client, number: int) -> None:
    client.address = clients_refused(client.place.family)[number]
    client.send()


def _several(client: Client, number: int) -> None:
    client.send(to=",".join(f"recipient-number-{n}@it.co.za" for n in range(number)))


def _certified(client: Client) -> None:
    chain, key = client.place.certificate
    client.send("--tls", more=("--tls-cert", chain, "--tls-key", key))


def _own_host(client: Client) -> None:
    client.address = "127.0.0.1" if client.place.family == 4 else "::1"
    client.send(to="far@elsewhere.example")
    client.send(to="anna@it.co.za,far@elsewhere.example")


AUTH = f"--auth PLAIN --auth-user {USER} --auth-password {PASSWORD}"
HONEST: dict[str, Callable[[Client], None]] = {
    "one recipient": lambda t: t.send(),
    "three recipients": lambda t: _several(t, 3),
    "smtp": lambda t: t.send("--protocol SMTP"),
    "refused at connect": lambda t: _connecting(t, 0),
    "later at connect": lambda t: _connecting(t, 1),
    "refused helo": lambda t: t.send("", helo="refused.example"),
    "refused smtp helo": lambda t: t.send("--protocol SMTP", helo="refused.example"),
    "later helo": lambda t: t.send(helo="later.example"),
    "refused sender": lambda t: t.send(sender="a@refused.example"),
    "later sender": lambda t: t.send(sender="a@later.example"),
    "refused recipient": lambda t: t.send(to="refused@it.co.za"),
    "later recipient": lambda t: t.send(to="later@it.co.za"),
    "unknown recipient": lambda t: t.send(to="nobody@it.co.za"),
    "some recipients": lambda t: t.send(to="refused@it.co.za,anna@it.co.za,later@it.co.za"),
    "relaying": lambda t: t.send(to="far@elsewhere.example"),
    "refused at data": lambda t: t.send(sender="a@nodata.example"),
    "virus": lambda t: t.send(to="anna@it.co.za,b@it.co.za", more=("--body", EICAR)),
    "later after data": lambda t: t.send(sender="a@latedata.example"),
    "authenticated": lambda t: t.send(AUTH, to="far@elsewhere.example"),
    "authenticated over tls": lambda t: t.send(f"--tls {AUTH}", to="far@elsewhere.example"),
    "authenticated and refused": lambda t: t.send(f"--tls {AUTH}", to="refused@it.co.za"),
    "wrong password": lambda t: t.send(f"--auth PLAIN --auth-user {USER} --auth-password no"),
    "tls": lambda t: t.send("--tls"),
    "older tls": lambda t: t.send("--tls --tls-protocol tlsv1_2"),
    "tls and refused": lambda t: t.send("--tls", to="refused@it.co.za"),
    "certificate": _certified,
    "null sender": lambda t: t.send(sender=""),
    "comes back": lambda t: t.send(to="who@bounces.example", sender="anna@it.co.za"),
    "comes back to nobody": lambda t: t.send(to="who@bounces.example", sender=""),
    "own host": _own_host,
    "alias": lambda t: t.send(to="alias@it.co.za"),
    "alias and more": lambda t: t.send(to="alias@it.co.za,b@it.co.za"),
    "pipelining": lambda t: t.send("--pipeline", to="a@it.co.za,refused@it.co.za,b@it.co.za"),
    "hangs up after data": lambda t: t.send("--drop-after DATA"),
    "hangs up after recipient": lambda t: t.send("--drop-after RCPT"),
    "hangs up in greeting": lambda t: t.send("--drop-after BANNER"),
    "hangs up in tls": lambda t: t.send("--tls --drop-after TLS"),
    "hangs up after dot": lambda t: t.send("--drop-after DOT"),
    "leaves": lambda t: t.send("--quit-after RCPT"),
    "subject": lambda t: t.send(more=("--header", 'Subject: a "b" c\\d [1.2.3.4] for x@y.example')),
    "upper case": lambda t: t.send(to="Shaun@IT.co.za", sender="Anna@Client.Example"),
    "tagged": lambda t: t.send(to="shaun+a=b@it.co.za", sender="bounce-1=a#b{}~`@client.example"),
}
FEW = {
    kind: HONEST[kind]
    for kind in (
        "three recipients",
        "refused at connect",
        "refused recipient",
        "refused at data",
        "virus",
        "authenticated over tls",
        "certificate",
        "own host",
        "alias",
        "hangs up after data",
    )
}
"""For servers that differ in few things from one that was sent all of it."""

HELO = b"EHLO client.example"
DATA = (b"DATA", b"Subject: hello\r\n\r\nhello\r\n.")


def _mail(sender: bytes, recipient: bytes, helo: bytes = HELO) -> Callable[[Client], None]:
    commands = (helo, b"MAIL FROM:" + sender, b"RCPT TO:" + recipient, *DATA, b"QUIT")
    return lambda client: client.say(*commands)


def _said(*commands: bytes, **how: Any) -> Callable[[Client], None]:
    return lambda client: client.say(HELO, *commands, **how)


def _whole(message: bytes, more: bytes = b"") -> Callable[[Client], None]:
    """One message as it is, with `more` parameters of MAIL."""
    return _said(
        b"MAIL FROM:<a@client.example>" + more,
        b"RCPT TO:<shaun@it.co.za>",
        b"DATA",
        message.rstrip(b"\r\n") + b"\r\n.",
        b"QUIT",
    )


def _two(client: Client) -> None:
    one = (b"MAIL FROM:<a@client.example>", b"RCPT TO:<shaun@it.co.za>", *DATA)
    other = (b"MAIL FROM:<b@client.example>", b"RCPT TO:<anna@it.co.za>", *DATA)
    reset = (b"MAIL FROM:<c@client.example>", b"RSET")
    client.say(HELO, *one, *reset, *other, b"QUIT")


ODD: dict[str, Callable[[Client], None]] = {
    "two messages": _two,
    "helo literal": _mail(b"<a@client.example>", b"<shaun@it.co.za>", b"EHLO [192.0.2.200]"),
    "helo literal 6": _mail(
        b"<a@client.example>", b"<shaun@it.co.za>", b"EHLO [IPv6:2001:db8::200]"
    ),
    "helo address": _mail(b"<a@client.example>", b"<shaun@it.co.za>", b"HELO 192.0.2.200"),
    "helo underscore": _mail(b"<a@client.example>", b"<shaun@it.co.za>", b"EHLO my_host"),
    "helo blank": _mail(b"<a@client.example>", b"<shaun@it.co.za>", b"EHLO my host"),
    "helo empty": _mail(b"<a@client.example>", b"<shaun@it.co.za>", b"EHLO"),
    "helo dot": _mail(b"<a@client.example>", b"<shaun@it.co.za>", b"EHLO host."),
    "helo long": _mail(b"<a@client.example>", b"<shaun@it.co.za>", b"EHLO " + b"a." * 120),
    "no helo": lambda t: t.say(b"MAIL FROM:<a@client.example>", b"RCPT TO:<shaun@it.co.za>"),
    "unknown command": lambda t: t.say(HELO, b"XYZZY <= a@b H=c [192.0.2.200]", b"QUIT"),
    "talks first": lambda t: t.say(b"QUIT", before=HELO + b"\r\n"),
    "no recipients": lambda t: t.say(HELO, b"MAIL FROM:<a@client.example>", b"DATA", b"QUIT"),
    "quoted": _mail(b'<"a b"@client.example>', b'<"shaun x"@it.co.za>'),
    "quoted mark": _mail(b'<"a\\"b"@client.example>', b'<"shaun>x"@it.co.za>'),
    "no brackets": _mail(b"a@client.example", b"shaun@it.co.za"),
    "route": _mail(b"<@a.example,@b.example:c@client.example>", b"<@a.example:shaun@it.co.za>"),
    "literal domain": _mail(b"<a@[192.0.2.200]>", b"<shaun@it.co.za>"),
    "bad sender": _mail(b"<a b@client.example>", b"<shaun@it.co.za>"),
    "bad recipient": _mail(b"<a@client.example>", b"<shaun@@it.co.za>"),
    "no domain": _mail(b"<anna>", b"<shaun>"),
    "postmaster": _mail(b"<a@client.example>", b"<postmaster>"),
    "hangs up in message": _said(
        b"MAIL FROM:<a@client.example>", b"RCPT TO:<shaun@it.co.za>", b"DATA"
    ),
    "too big, it says": _whole(b"x: y\r\n\r\nx", b" SIZE=3000000"),
    "too big": _whole(b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * 4000),
    "too far": _whole(b"Received: from a by b; Mon, 30 Nov 2026 00:00:00 +0000\r\n" * 120),
    "long line": _whole(b"Subject: x\r\n\r\n" + b"x" * 5000),
    "long subject": _whole(b"Subject: " + b"x" * 900 + b"\r\n\r\nx"),
    "encoded subject": _whole(b"Subject: =?utf-8?B?w6QiXCBbMS4yLjMuNF0=?=\r\n\r\nx"),
    "raw subject": _whole(b'Subject: \xe4\t"\x01 \\\r\n\r\nx'),
    "no header": _whole(b"\r\nx"),
    "two message-ids": _whole(b'Message-Id: <a b@c>\r\nMessage-Id: <d"e>\r\n\r\nx'),
    "8 bit": _whole("Subject: ä\r\n\r\nä".encode(), b" BODY=8BITMIME"),
    "other commands": _said(b"NOOP", b"VRFY shaun", b"EXPN shaun", b"HELP", b"RSET", b"ETRN a.b"),
    "many mistakes": _said(*[b"NONSENSE %d" % number for number in range(30)]),
    "chunks": _said(
        b"MAIL FROM:<a@client.example>",
        b"RCPT TO:<shaun@it.co.za>",
        b"BDAT 12\r\nSubject: x",
        b"BDAT 5 LAST\r\n\r\nx",
        b"QUIT",
    ),
    "utf-8 address": _said(
        "MAIL FROM:<ä@client.example> SMTPUTF8".encode(), b"RCPT TO:<shaun@it.co.za>", *DATA
    ),
    "twice the same": _said(
        b"MAIL FROM:<a@client.example>", *[b"RCPT TO:<shaun@it.co.za>"] * 2, *DATA
    ),
}


SILENT: dict[str, Callable[[Client], None]] = {
    "silent": _said(stays=True),
    "silent after recipient": _said(
        b"MAIL FROM:<a@client.example>", b"RCPT TO:<shaun@it.co.za>", stays=True
    ),
    "silent in message": _said(
        b"MAIL FROM:<a@client.example>", b"RCPT TO:<shaun@it.co.za>", b"DATA", stays=True
    ),
}
"""They take as long as a server waits for them: let them begin first."""


def _proxied(client: Client) -> None:
    client.connects_from = SHORT[client.place.family].format(250)
    header = f"PROXY TCP{client.place.family} {client.address} {client.place.server} 4000 25\r\n"
    for recipient in (b"RCPT TO:<shaun@it.co.za>", b"RCPT TO:<refused@it.co.za>"):
        client.say(
            HELO,
            b"MAIL FROM:<a@client.example>",
            recipient,
            *DATA,
            b"QUIT",
            before=header.encode(),
            port=PROXY,
        )


PROXIED: dict[str, Callable[[Client], None]] = {"proxied": _proxied}
"""For servers that listen to a proxy on `logging_servers.PROXY`."""


def _introduced(client: Client) -> None:
    """By XCLIENT, as a filter before the mail server does."""
    client.connects_from = SHORT[client.place.family].format(251)
    address = ("IPV6:" if client.place.family == 6 else "") + client.address
    client.say(
        HELO,
        f"XCLIENT NAME=[UNAVAILABLE] ADDR={address}".encode(),
        b"EHLO other.example",
        b"MAIL FROM:<a@client.example>",
        b"RCPT TO:<refused@it.co.za>",
        b"RCPT TO:<shaun@it.co.za>",
        *DATA,
        b"QUIT",
        port=XCLIENT,
    )


def _screened(client: Client) -> None:
    message = (b"MAIL FROM:<a@client.example>", b"RCPT TO:<shaun@it.co.za>", *DATA, b"QUIT")
    client.say(HELO, *message, port=POSTSCREEN)
    client.say(*message, early=HELO, port=POSTSCREEN)


OF_POSTFIX: dict[str, Callable[[Client], None]] = {
    "xclient": _introduced,
    "postscreen": _screened,
}
"""For servers that know XCLIENT, and have a postscreen on another port."""

CRAFTED = b"EHLO x) [198.51.100.7]:25 P=esmtps (y"
AS_SUBJECT = b'EHLO x T="'
LINE = (
    b"2026-11-24 10:00:00 1a2b3c-000001-AB <= a@b.example H=s [198.51.100.7]:25 P=esmtpa A=p:u S=9"
)
HOSTILE: dict[str, Callable[[Client], None]] = {
    "sender as fields": _mail(
        b'<" H=scanner [198.51.100.7]:25 P=esmtps"@evil.example>', b"<shaun@it.co.za>"
    ),
    "sender as client": _mail(
        b'<" x client=a[198.51.100.7], sasl_username=u"@evil.example>', b"<shaun@it.co.za>"
    ),
    "sender ff": _mail(b"<a\xff@client.example>", b"<shaun@it.co.za>"),
    "sender 01": _mail(b"<a\x01@client.example>", b"<shaun@it.co.za>"),
    "sender 85": _mail(b"<a\xc2\x85b@client.example>", b"<shaun@it.co.za>"),
    "sender cr": _mail(b'<"a\rb"@client.example>', b"<shaun@it.co.za>"),
    "sender utf-8": _mail("<ä@client.example>".encode(), b"<shaun@it.co.za>"),
    "recipient ff": _mail(b"<a@client.example>", b"<shaun\xff@it.co.za>"),
    "recipient 01": _mail(b"<a@client.example>", b"<shaun\x01@it.co.za>"),
    "recipient as fields": _mail(
        b"<a@client.example>", b'<" <= b@c H=s [198.51.100.7]:25 P=esmtpa A=p:u"@it.co.za>'
    ),
    "recipient as more": _mail(b"<a@client.example>", b'<"x> <anna@it.co.za"@it.co.za>'),
    "recipient as another": _mail(b"<a@client.example>", b'<"x <boss@it.co.za> R=y"@it.co.za>'),
    "refused as fields": _mail(
        b"<a@client.example>", b'<"refused: H=(a) [198.51.100.7] F=<b@c> rejected"@it.co.za>'
    ),
    "refused sender as fields": _mail(
        b'<"> rejected RCPT <x@it.co.za>: H=s [198.51.100.7] F=<"@refused.example>',
        b"<shaun@it.co.za>",
    ),
    "helo as client": _mail(b"<a@client.example>", b"<shaun@it.co.za>", CRAFTED),
    "helo as client, refused": _mail(b"<a@client.example>", b"<refused@it.co.za>", CRAFTED),
    "helo as subject": lambda t: t.say(
        AS_SUBJECT,
        b"MAIL FROM:<a@client.example>",
        b"RCPT TO:<shaun@it.co.za>",
        b"DATA",
        b'Subject: ) [198.51.100.7]:25 P=esmtps S=9 T="x" for victim@it.co.za\r\n\r\nx\r\n.',
        b"QUIT",
    ),
    "helo as line": _mail(b"<a@client.example>", b"<shaun@it.co.za>", b"EHLO " + LINE),
    "helo ff": _mail(b"<a@client.example>", b"<shaun@it.co.za>", b"EHLO a\xff\x01b"),
    "subject as line": lambda t: t.say(
        HELO,
        b"MAIL FROM:<a@client.example>",
        b"RCPT TO:<shaun@it.co.za>",
        b"DATA",
        b"Subject: a\r\n " + LINE + b'" for b@c.example\r\nMessage-Id: <" for x@y.example>\r\n'
        b"From: x\r\n\r\nx\r\n.",
        b"QUIT",
    ),
    "message-id as fields": lambda t: t.say(
        HELO,
        b"MAIL FROM:<a@client.example>",
        b"RCPT TO:<shaun@it.co.za>",
        b"DATA",
        b'Message-Id: <"x A=plain:u"@y T="z> from=<boss@it.co.za>, to=<b@it.co.za>\r\n\r\nx\r\n.',
        b"QUIT",
    ),
    "command as line": lambda t: t.say(HELO, LINE, b"MAIL FROM:" + LINE, b"QUIT"),
    "commands as syslog": lambda t: t.say(
        HELO, b"Nov 24 10:00:00 host postfix/smtpd[1]: ABCDEF0123: client=a[198.51.100.7]", b"QUIT"
    ),
}
