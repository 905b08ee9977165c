"""mxward between clients and mail servers that know nothing of it: the layouts, with real ones.

client 198.18.1.2  --- wan [mxward] lan ---  198.18.2.25 mail server      gateway
client 198.18.1.2  --- wan [mxward, mail server 198.18.1.1]               host
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from mxward.cli import main
from mxward.config import Layout, Method
from tests.integration import hosts
from tests.integration.dialogue import Dialogue
from tests.integration.layouts import CLIENT, Network, wired
from tests.integration.mxward import Mxward
from tests.integration.servers import Exim, MailServer, Nsd, Postfix

pytestmark = pytest.mark.real

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

    @property
    def address(self) -> str:
        """The mail server's."""
        return self.world.addresses[self.version]

    def intercept(self, words: str) -> None:
        """What the operator types at mxward's machine."""
        with self.world.mxward:
            config = str(self.mxward.path)
            result = CliRunner().invoke(main, ["intercept", *words.split(), "--config", config])
        assert result.exit_code == 0, result.output

    def client(self, source: str) -> Dialogue:
        with self.world.client:
            return Dialogue(self.address, source=source)

    def sends(self, source: str, recipient: str) -> str:
        """The answer to RCPT, or the verdict on the message."""
        with self.client(source) as client:
            answer = client.say(
                "EHLO client.example", "MAIL FROM:<a@client.example>", f"RCPT TO:<{recipient}>"
            )
            if answer.startswith("250"):
                answer = client.say("DATA", "Subject: x\r\n\r\nhello\r\n.")
            return answer


@pytest.fixture(autouse=True)
def _nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{hosts.nft(tmp_path)}:{os.environ['PATH']}")


@contextmanager
def stand(
    directory: Path, kind: type[MailServer], layout: Layout, method: Method, version: int
) -> Iterator[Stand]:
    with wired(layout) as world, ExitStack() as stack:
        address = world.addresses[version]
        world.client.owns("eth0", f"{SCANNER[4]}/24", f"{SCANNER[6]}/64")
        zones = {
            BEHIND: "@ MX 10 mx1.clean.example.",
            OWN: f"@ MX 10 mail.{OWN}.\nmail {'A' if version == 4 else 'AAAA'} {address}",
            "clean.example": "mx1 A 198.51.100.10",
        }
        with world.mxward:
            stack.enter_context(Nsd(directory / "nsd", DNS, zones=zones))
        with world.server:
            behind = kind(directory / "mail", address, domains=(BEHIND, OWN))
            stack.enter_context(behind)
        text = CONFIGURATION.format(
            layout=layout, method=method, server=address, scanner=SCANNER[version], dns=DNS
        )
        mxward = Mxward(directory / "mxward", "127.0.0.1", text, 2525)
        mxward.directory.mkdir()
        (mxward.directory / "localdomains").write_text(f"{BEHIND}\n{OWN}\n")
        with world.mxward:
            stack.enter_context(mxward)
        yield Stand(world, version, behind, mxward)


@pytest.mark.parametrize("kind", [Postfix, Exim])
@pytest.mark.parametrize("layout", [Layout.GATEWAY, Layout.HOST])
@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("version", [4, 6])
def test_a_mail_server_that_knows_nothing_of_it(
    tmp_path: Path, kind: type[MailServer], layout: Layout, method: Method, version: int
) -> None:
    with stand(tmp_path, kind, layout, method, version) as site:
        client, scanner = CLIENT[version], SCANNER[version]
        before = state(site.world)
        site.intercept("up")
        assert site.sends(client, f"x@{BEHIND}").startswith("550 5.7.1")
        assert f"[{client}]" not in site.mail_server.log
        assert site.sends(scanner, f"x@{BEHIND}").startswith("250")
        assert f"[{scanner}]" in site.mail_server.log
        assert site.sends(client, f"x@{OWN}").startswith("250")
        assert f"[{client}]" in site.mail_server.log
        assert site.mail_server.count(f"x@{BEHIND}") == 1
        assert site.mail_server.count(f"x@{OWN}") == 1
        decided = [(x["client"], x["action"]) for x in site.mxward.decisions()]
        assert decided == [(client, "refuse"), (scanner, "pass"), (client, "pass")]
        site.intercept("down")
        assert site.sends(client, f"x@{BEHIND}").startswith("250")
        assert state(site.world) == before


def state(world: Network) -> tuple[str, ...]:
    """All rules and routes of mxward's machine, but for those of the kernel's own making."""
    asked = ("rule", "-6 rule", "route show table all", "-6 route show table all")
    routes = "".join(world.mxward.ip(words) for words in asked).splitlines()
    ours = (line for line in routes if " proto kernel " not in line)
    return (world.mxward.run("nft", "-s", "list", "ruleset"), *ours)
