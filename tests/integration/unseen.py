"""mxward where nobody sees it: between clients and a real mail server that knows nothing of it.

client 198.18.1.2  --- wan [mxward] lan ---  198.18.2.25 mail server      gateway
client 198.18.1.2  --- wan [mxward, mail server 198.18.1.1]               host
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from mxward.cli import main
from mxward.config import Layout, Method
from tests.integration.dialogue import Dialogue
from tests.integration.layouts import Network, wired
from tests.integration.mxward import Mxward
from tests.integration.servers import MailServer, Nsd

__all__ = ["BEHIND", "OWN", "SCANNER", "Stand", "stand"]

DNS = "192.0.2.53"
SCANNER = {4: "198.18.1.20", 6: "2001:db8:1::20"}
BEHIND, OWN = "it.co.za", "own.example"  # fronted by the scanner; served by the mail server itself

CONFIGURATION = """\
[server]
hostname = "mx.provider.example"
identity = "transparent"

[intercept]
layout = "{layout}"
method = "{method}"
interfaces = ["wan"]
servers = ["{server}"]
state = "intercept.json"

[tls]
hide_starttls = true

[inventory]
files = ["localdomains"]

[policy]
stage = "refuse"

[scanners.clean]
mx = ["clean.example"]
egress = ["{scanner}"]

[dns]
servers = ["{dns}:53"]

[store]
path = "store.db"
"""


@dataclass
class Stand:
    """What stands while clients come."""

    world: Network
    version: int
    mail_server: MailServer
    mxward: Mxward
    dns: Nsd

    @property
    def address(self) -> str:
        """The mail server's."""
        return self.world.addresses[self.version]

    def zones(self, zone: str, text: str) -> None:
        """Give a zone another text."""
        with self.world.mxward:
            self.dns.change(zone, text)

    def intercept(self, words: str) -> None:
        """What the operator types at mxward's machine."""
        with self.world.mxward:
            config = str(self.mxward.path)
            result = CliRunner().invoke(main, ["intercept", *words.split(), "--config", config])
        assert result.exit_code == 0, result.output

    def client(self, source: str, address: str = "") -> Dialogue:
        with self.world.client:
            return Dialogue(address or self.address, source=source)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """`mxward intercept watch`, until this ends."""
        command = [sys.executable, "-m", "mxward", "intercept", "watch"]
        with self.world.mxward, (self.mxward.directory / "watch").open("w") as said:
            watch = subprocess.Popen(
                [*command, "--config", str(self.mxward.path)], stdout=said, stderr=said
            )
        try:
            yield
        finally:
            watch.kill()
            watch.wait()

    def sends(self, source: str, recipient: str) -> str:
        """The answer to RCPT, or the verdict on the message."""
        with self.client(source) as client:
            answer = client.say(
                "EHLO client.example", "MAIL FROM:<a@client.example>", f"RCPT TO:<{recipient}>"
            )
            if answer.startswith("250"):
                answer = client.say("DATA", "Subject: x\r\n\r\nhello\r\n.")
            return answer


@contextmanager
def stand(
    directory: Path,
    kind: type[MailServer],
    layout: Layout = Layout.GATEWAY,
    method: Method = Method.TPROXY,
    version: int = 4,
    *,
    tune: Callable[[MailServer], None] = lambda _: None,
    changes: Mapping[str, str] | None = None,
) -> Iterator[Stand]:
    """All of it, running. The mail server may be tuned, and mxward's configuration changed: from
    one text to another.
    """
    with wired(layout) as world, ExitStack() as stack:
        address = world.addresses[version]
        world.client.owns("eth0", f"{SCANNER[4]}/24", f"{SCANNER[6]}/64")
        zones = {
            BEHIND: "@ MX 10 mx1.clean.example.",
            OWN: f"@ MX 10 mail.{OWN}.\nmail {'A' if version == 4 else 'AAAA'} {address}",
            "clean.example": "mx1 A 198.51.100.10",
        }
        with world.mxward:
            dns = stack.enter_context(Nsd(directory / "nsd", DNS, zones=zones))
        with world.server:
            behind = kind(directory / "mail", address, domains=(BEHIND, OWN))
            tune(behind)
            stack.enter_context(behind)
        text = CONFIGURATION.format(
            layout=layout, method=method, server=address, scanner=SCANNER[version], dns=DNS
        )
        for old, new in (changes or {}).items():
            assert old in text
            text = text.replace(old, new)
        mxward = Mxward(directory / "mxward", "127.0.0.1", text, 2525)
        mxward.directory.mkdir(exist_ok=True)
        (mxward.directory / "localdomains").write_text(f"{BEHIND}\n{OWN}\n")
        with world.mxward:
            stack.enter_context(mxward)
        yield Stand(world, version, behind, mxward, dns)
