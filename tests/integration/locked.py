"""A provider with 5,000 domains behind several scanners, whose mail server is locked by files.

Domains are named by their stage (`d7.refuse.example`), and come behind one scanner or another by
their number. A mail server without rules stands beside the locked one: to pass is to be answered as
that one answers.
"""

from __future__ import annotations

import json
import re
import smtplib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from mxward.cli import main
from mxward.store.database import Store
from tests.integration.servers import Nsd, room, swaks

STAGES = ("observe", "defer", "refuse", "reroute")
SCANNERS = ("clean", "wash", "rinse")
EACH = 1_250  # domains of a stage
OWN, FAR = "own.example", "far.elsewhere.example"
ABROAD = "xn--bcher-kva.refuse.example"
UNLISTED = "unlisted.example"  # the mail server takes it, and nobody told mxward
BELOW = "sub.d0.refuse.example"  # the same, below a domain that is shut

USER, PASSWORD = "user-of-ours", "pass-word-9f"
LOCKED = {4: "203.0.113.25", 6: "2001:db8:25::1"}
OPEN = {4: "203.0.113.26", 6: "2001:db8:26::1"}  # the same mail server, without rules
DNS = "192.0.2.53"

_ZONE = "\n".join(
    f"d{n}.{stage} MX 10 mx.{SCANNERS[n % 3]}.example." for stage in STAGES for n in range(EACH)
)
_MORE = """
xn--bcher-kva.refuse MX 10 mx.clean
own MX 10 mail.provider
mail.provider A 203.0.113.25
mx.clean A 198.51.100.1
mx.clean AAAA 2001:db8:1::1
mx.wash A 198.51.100.2
mx.wash AAAA 2001:db8:2::2
mx.rinse A 198.51.100.3
"""
ZONES: dict[str, str | None] = {"example": f"{_ZONE}\n{_MORE}"}
DOMAINS = [f"d{n}.{stage}.example" for stage in STAGES for n in range(EACH)] + [OWN, ABROAD]
TAKEN = [*DOMAINS, "bücher.refuse.example", UNLISTED, BELOW]  # by the mail server

CONFIGURATION = f"""\
[server]
listen = ["{LOCKED[4]}:25"]
upstream = "127.0.0.1:10025"
identity = "proxy-v2"
addresses = ["{LOCKED[4]}", "{LOCKED[6]}"]
reroute_source = ["203.0.113.27"]

[inventory]
files = ["domains"]

[stages]
defer = ["*.defer.example"]
refuse = ["*.refuse.example"]
reroute = ["*.reroute.example"]

[scanners.clean]
mx = ["clean.example"]
egress = ["198.51.100.16/28", "2001:db8:1::/48"]
knows_us = true

[scanners.wash]
mx = ["wash.example"]
egress = ["198.51.100.32/28", "2001:db8:2::/48"]
knows_us = true

[scanners.rinse]
mx = ["rinse.example"]
egress = ["198.51.100.48/30", "198.51.100.60", "2001:db8:3::7"]
knows_us = true

[[trust]]
network = "192.0.2.64/28"
owner = "anna"
note = "printers"

[[trust]]
network = "2001:db8:64::/64"
recipients = ["*.refuse.example", "*.defer.example", "*.observe.example", "*.reroute.example"]
owner = "anna"
note = "printers with IPv6: \\"quoted\\" $domain"

[dns]
servers = ["{DNS}:53"]
timeout = 2.0

[store]
path = "store.db"
"""

AUTHENTICATED = "authenticated"
CLIENTS = {
    "its scanner": {4: "198.51.100.17", 6: "2001:db8:1::99"},
    "its MX host": {4: "198.51.100.1", 6: "2001:db8:1::1"},
    "another scanner": {4: "198.51.100.60", 6: "2001:db8:3::7"},
    "trusted": {4: "192.0.2.65", 6: "2001:db8:64::65"},
    "stranger": {4: "192.0.2.9", 6: "2001:db8:9::9"},
    AUTHENTICATED: {4: "192.0.2.10", 6: "2001:db8:9::10"},
}
"""Of the domains whose number is divisible by three. The last is a stranger with a password."""
EGRESS = {
    "clean": {4: "198.51.100.17", 6: "2001:db8:1::99"},
    "wash": {4: "198.51.100.33", 6: "2001:db8:2:ffff::1"},
    "rinse": {4: "198.51.100.60", 6: "2001:db8:3::7"},
}
_POSTFIX_SAYS = re.compile(r"<\S+>: Recipient address rejected: ")
SHUT = {
    "defer": "451 4.7.1 mail for this domain is taken at its MX only",
    "refuse": "550 5.7.1 mail for this domain is taken at its MX only",
}
SHUT["reroute"] = SHUT["defer"]  # files cannot hand a message on
RECIPIENTS = [f"x@d0.{stage}.example" for stage in STAGES]
RECIPIENTS += [f"x@{domain}" for domain in (OWN, FAR, UNLISTED, BELOW)]
PASS = ["pass"] * len(RECIPIENTS)
RULED = dict.fromkeys(CLIENTS, PASS) | {
    name: ["pass", "defer", "refuse", "reroute", *PASS[4:]]
    for name in ("stranger", "another scanner")
}
"""What is to come out, in the order of the recipients."""


@dataclass(frozen=True)
class Locked:
    """The configuration, and the DNS it asks."""

    folder: Path

    def mxward(self, *words: str) -> tuple[int, str]:
        """A command on that configuration: its exit code, and what it prints."""
        environment = {"MXWARD_CONFIG": str(self.folder / "mxward.toml")}
        result = CliRunner(env=environment).invoke(main, words, prog_name="mxward")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    def ruled(self, client: str, recipient: str, authenticated: bool = False) -> str:
        """What `mxward explain` says: an action."""
        auth = ["--auth", USER] if authenticated else []
        code, told = self.mxward("explain", "--json", "--client", client, *auth, recipient)
        assert code == 0, told
        decision: dict[str, Any] = json.loads(told)
        return str(decision["action"])


@contextmanager
def provider(folder: Path) -> Iterator[Locked]:
    """The configuration stands, and the DNS answers."""
    Store.open(folder / "store.db").close()
    (folder / "mxward.toml").write_text(CONFIGURATION)
    (folder / "domains").write_text("\n".join(DOMAINS) + "\n")
    with Nsd(folder / "nsd", DNS, zones=ZONES):
        yield Locked(folder)


def check(provider: Locked, family: int, name: str) -> list[str]:
    """One client, all recipients: the locked server must answer each as the rule says."""
    client, authenticated = CLIENTS[name][family], name == AUTHENTICATED
    actions = [provider.ruled(client, to, authenticated) for to in RECIPIENTS]
    passed = said(OPEN[family], client, RECIPIENTS, authenticated)
    assert authenticated or not passed[RECIPIENTS.index(f"x@{FAR}")].startswith("250")
    expected = [
        reply if action == "pass" else SHUT[action]
        for action, reply in zip(actions, passed, strict=True)
    ]
    assert said(LOCKED[family], client, RECIPIENTS, authenticated) == expected
    return actions


def check_scanners(family: int) -> None:
    """Each scanner comes in for its own domains, and for no others."""
    domains = [f"x@d{number}.refuse.example" for number in range(len(SCANNERS))]
    for name in SCANNERS:
        welcome = [name == SCANNERS[number] for number in range(len(SCANNERS))]
        replies = said(LOCKED[family], EGRESS[name][family], domains)
        assert [reply.startswith("250 ") for reply in replies] == welcome
        assert {reply for reply in replies if reply[:3] != "250"} == {SHUT["refuse"]}


def said(
    server: str,
    client: str,
    recipients: Sequence[str],
    authenticated: bool = False,
    port: int = 25,
) -> list[str]:
    """The replies to RCPT, in one transaction."""
    auth = ["--auth", "PLAIN", "--auth-user", USER, "--auth-password", PASSWORD]
    options = ["--quit-after", "RCPT", *(auth if authenticated else [])]
    session = swaks(server, ",".join(recipients), port=port, source=client, options=options)
    replies = session.replies[-1 - len(recipients) : -1]  # the last is QUIT's
    return [_POSTFIX_SAYS.sub("", reply) for reply in replies]


def said_utf8(server: str, client: str, recipients: Sequence[str]) -> list[str]:
    """The same, of a client that speaks SMTPUTF8 (RFC 6531)."""
    room.own(client)
    with smtplib.SMTP(server, 25, "client.example", 30, (client, 0)) as session:
        session.ehlo()
        session.docmd("MAIL", "FROM:<sender@client.example> SMTPUTF8")
        replies = []
        for recipient in recipients:
            session.send(f"RCPT TO:<{recipient}>\r\n".encode())
            code, text = session.getreply()
            replies.append(_POSTFIX_SAYS.sub("", f"{code} {text.decode()}"))
    return replies
