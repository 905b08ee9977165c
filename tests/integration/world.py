"""The demo's little internet, made of real servers: NSD, unbound, Postfix or Exim, two scanners.

Postfix stands behind mxward on the same host, with Debian's relay settings: whoever connects from
127.0.0.1 may relay, and mxward does connect from there. Clients have public addresses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.mxward import Mxward
from tests.integration.servers import (
    MailServer,
    Nsd,
    Postfix,
    Scanner,
    ServerError,
    Session,
    Unbound,
    room,
    swaks,
)

MAIL = "203.0.113.25"  # mxward's address, and the mail server's in the DNS
DNS = "192.0.2.53"
CLEAN, CLEAN_EGRESS = "198.51.100.10", "198.51.100.20"
PURE, PURE_EGRESS = "198.51.100.11", "198.51.100.21"
WORM, HONEST, PRINTER, ELSEWHERE = "192.0.2.90", "192.0.2.7", "192.0.2.8", "192.0.2.99"

EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

FRONTED = ("it.co.za", "two.example", "unseen.example", "observed.example")
OPEN = ("own.example", "moved.example", "nomx.example", "nullmx.example")
DOMAINS = (*FRONTED, *OPEN, "broken.example")

_CLEAN_MX = "@ MX 10 mx1.clean.example."
ZONES: dict[str, str | None] = {
    "clean.example": f"mx1 A {CLEAN}\nmx1 AAAA 2001:db8::10",
    "pure.example": f'mx1 A {PURE}\n_spf TXT "v=spf1 ip4:{PURE_EGRESS} -all"',
    "it.co.za": f"{_CLEAN_MX}\n@ A {MAIL}\nmail A {MAIL}",
    "two.example": f"{_CLEAN_MX}\n@ MX 20 mx1.pure.example.",
    "unseen.example": _CLEAN_MX,
    "observed.example": _CLEAN_MX,
    "own.example": f"@ MX 10 mail\nmail A {MAIL}",
    "moved.example": f"@ MX 10 mbox\nmbox A {ELSEWHERE}",
    "nomx.example": f"@ A {ELSEWHERE}",
    "nullmx.example": "@ MX 0 .",
    "broken.example": None,
}

CONFIGURATION = f"""\
[server]
hostname = "mail.provider.example"
listen = ["{MAIL}:25"]
upstream = "127.0.0.1:10025"
identity = "{{identity}}"
addresses = ["{MAIL}"]
contact = "postmaster@provider.example"

[inventory]
files = ["localdomains"]

[policy]
stage = "{{stage}}"

[stages]
observe = ["observed.example"]

[scanners.clean]
mx = ["clean.example"]
addresses = ["{CLEAN}", "2001:db8::10"]
egress = ["{CLEAN_EGRESS}"]
knows_us = true

[scanners.pure]
mx = ["pure.example"]
addresses = ["{PURE}"]
spf = ["_spf.pure.example"]
knows_us = true

[[trust]]
network = "{PRINTER}"
recipients = ["it.co.za"]
owner = "anna"
note = "the printer on floor 2"

[dns]
servers = ["{DNS}:53"]
timeout = 1.0

[store]
path = "store.db"
"""


@dataclass
class World:
    """Everything that stands while a scene is played."""

    directory: Path
    mail_server: MailServer
    scanner: Scanner
    pure: Scanner
    nsd: Nsd
    unbound: Unbound
    mxward: Mxward

    def stage(self, stage: str, identity: str = "proxy-v2") -> None:
        """Start mxward anew in a stage. What it remembers stays."""
        self.mxward.kill()
        self.mxward.configuration = CONFIGURATION.format(stage=stage, identity=identity)
        if identity == "none":
            plain = self.mxward.configuration.replace("127.0.0.1:10025", "127.0.0.1:10024")
            self.mxward.configuration = plain
        self.mxward.start()

    def send(self, recipient: str, source: str = HONEST, body: str = "hello") -> Session:
        """One message by the back door."""
        return swaks(MAIL, recipient, source=source, options=["--body", body])

    def worm(self, recipient: str = "shaun@it.co.za") -> Session:
        """The worm of 2010: its forged sender and HELO, and EICAR for its attachment."""
        return swaks(
            MAIL,
            recipient,
            sender="e-cards@hallmark.com",
            helo="hallmark.com",
            source=WORM,
            options=["--attach", EICAR],
        )

    def arrives(self, recipient: str, copies: int = 1) -> None:
        """Wait until a mailbox holds so many messages, what scanners still hold included."""
        self.mail_server.wait_until(
            lambda: self.mail_server.count(recipient) >= copies, 20, f"{recipient} has its mail"
        )
        assert self.mail_server.count(recipient) == copies

    def scanned(self, recipient: str) -> bool:
        """Whether the newest message of a mailbox came through a scanner."""
        received = self.mail_server.mail(recipient)[-1].message.get_all("Received", [])
        return any("mx.scanner.example" in line for line in received)


@contextmanager
def world(directory: Path, kind: type[MailServer], stage: str = "observe") -> Iterator[World]:
    """Everything, started; gone afterwards."""
    for address in (WORM, HONEST, PRINTER, ELSEWHERE, MAIL):
        room.own(address)
    behind = (MAIL, 25)
    fronted = (*FRONTED, "broken.example")
    (directory / "mxward").mkdir()
    (directory / "mxward" / "localdomains").write_text("\n".join(DOMAINS) + "\n")
    configuration = CONFIGURATION.format(stage=stage, identity="proxy-v2")
    with (
        Nsd(directory / "nsd", "192.0.2.54", zones=ZONES) as nsd,
        Unbound(directory / "unbound", DNS, root=("192.0.2.54", 53)) as unbound,
        kind(
            directory / "mail", "127.0.0.1", 10024, domains=DOMAINS, proxy_port=10025
        ) as mail_server,
        Scanner(
            directory / "clean", CLEAN, domains=fronted, behind=behind, egress=CLEAN_EGRESS
        ) as clean,
        Scanner(
            directory / "pure", PURE, domains=fronted, behind=behind, egress=PURE_EGRESS
        ) as pure,
        Mxward(directory / "mxward", MAIL, configuration) as mxward,
    ):
        yield World(directory, mail_server, clean, pure, nsd, unbound, mxward)


__all__ = [
    "DOMAINS",
    "ELSEWHERE",
    "HONEST",
    "MAIL",
    "PRINTER",
    "WORM",
    "Postfix",
    "ServerError",
    "World",
    "world",
]
