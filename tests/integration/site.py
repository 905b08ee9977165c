"""One site: a mail server, mxward before it, a name server, and a certificate authority.

Smaller than `world`: nothing is rerouted here. The mail server can be reached past mxward as well,
so that what a client sees and delivers through it can be held against what it does without.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.certificates import Authority
from tests.integration.mxward import Mxward
from tests.integration.servers import Exim, MailServer, Nsd, Postfix, room

__all__ = [
    "BEHIND",
    "CLIENT",
    "DIRECT",
    "MAIL",
    "OTHER",
    "SCANNER",
    "THROUGH",
    "Site",
    "site",
]

MAIL = "203.0.113.25"  # mxward's address
BEHIND = "203.0.113.99"  # the mail server's
DNS = "192.0.2.53"
SCANNER = "198.51.100.20"  # the egress of the scanner that fronts `THROUGH`
CLIENT, OTHER = "192.0.2.7", "192.0.2.8"
PLAIN, PROXY, XCLIENT = 25, 10025, 10026  # the mail server's ports

THROUGH, DIRECT = "it.co.za", "direct.example"  # recipients of mail through mxward, and past it

ZONES: dict[str, str | None] = {
    THROUGH: "@ MX 10 mx1.clean.example.",
    "clean.example": "mx1 A 198.51.100.10",
    "client.example": f"one A {CLIENT}",
    "2.0.192.in-addr.arpa": "7 PTR one.client.example.\n8 PTR forged.client.example.",
}

_CONFIGURATION = """\
[server]
hostname = "mx.provider.example"
listen = ["{MAIL}:25"]
upstream = "{BEHIND}:{port}"
identity = "{identity}"
addresses = ["{MAIL}"]
{server}

[tls]
{tls}

[inventory]
files = ["localdomains"]

[policy]
stage = "{stage}"

[scanners.clean]
mx = ["clean.example"]
addresses = ["198.51.100.10"]
egress = ["{SCANNER}"]
{scanner}

[dns]
servers = ["{DNS}:53"]
timeout = 2.0

[store]
path = "store.db"

{more}
"""

_PORTS = {"none": PLAIN, "proxy-v1": PROXY, "proxy-v2": PROXY, "xclient": XCLIENT}


@dataclass
class Site:
    """What stands while clients come. `configure` and `start` mxward; it ends with the site."""

    directory: Path
    authority: Authority
    mail_server: MailServer
    mxward: Mxward
    certificate: str = ""
    names: list[str] = field(default_factory=list)

    def issue(self, *names: str) -> str:
        """Write a certificate for these names beside mxward's configuration; its TOML."""
        chain, key = self.authority.issue(*names).write(self.mxward.directory, names[0])
        return f'{{ chain = "{chain}", key = "{key}" }}'

    def configure(
        self,
        identity: str,
        *,
        stage: str = "observe",
        server: str = "",
        tls: str | None = None,
        scanner: str = "",
        more: str = "",
    ) -> None:
        """Write mxward's configuration: lines for some of its tables, and `more` tables.

        Where `tls` is None, there is a certificate for mx.provider.example.
        """
        if tls is None:
            tls = f"certificates = [{self.issue('mx.provider.example')}]"
        self.mxward.configuration = _CONFIGURATION.format(
            **_ADDRESSES,
            port=_PORTS[identity],
            identity=identity,
            stage=stage,
            server=server,
            tls=tls,
            scanner=scanner,
            more=more,
        )

    def start(self, identity: str, **changes: str) -> None:
        """Start mxward anew."""
        self.mxward.kill()
        self.configure(identity, **changes)
        self.mxward.start()


_ADDRESSES = {"MAIL": MAIL, "BEHIND": BEHIND, "DNS": DNS, "SCANNER": SCANNER}


def mail_server(
    kind: type[MailServer],
    directory: Path,
    authority: Authority,
    domains: Iterable[str] = (THROUGH, DIRECT),
) -> MailServer:
    """Not started; what a test needs else can still be set."""
    made = kind(
        directory,
        BEHIND,
        PLAIN,
        domains=domains,
        proxy_port=PROXY,
        certificate=authority.issue("mail.provider.example"),
    )
    if isinstance(made, Postfix):
        made.xclient_port = XCLIENT
    return made


@contextmanager
def site(
    directory: Path,
    kind: type[MailServer],
    *,
    settings: str = "",
    authenticators: str = "",
    more: Mapping[str, str | None] | None = None,
) -> Iterator[Site]:
    """All but mxward is started; everything is gone afterwards.

    `more` domains of the mail server are in the inventory too, each with its zone, or None where
    that cannot be loaded.
    """
    ours = (THROUGH, *(more or ()))
    for address in (MAIL, CLIENT, OTHER, SCANNER):
        room.own(address)
    authority = Authority()
    behind = mail_server(kind, directory / "mail", authority, (*ours, DIRECT))
    behind.settings = settings
    if isinstance(behind, Exim):
        behind.authenticators = authenticators
    mxward = Mxward(directory / "mxward", MAIL, "")
    mxward.directory.mkdir()
    (mxward.directory / "localdomains").write_text("\n".join(ours) + "\n")
    with ExitStack() as stack:
        stack.enter_context(Nsd(directory / "nsd", DNS, zones={**ZONES, **(more or {})}))
        stack.enter_context(behind)
        stack.callback(mxward.kill)
        yield Site(directory, authority, behind, mxward)
