"""A small internet, and configurations for it, as plain data; and how a command is run on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from mxward.cli import main
from mxward.demo.nameserver import NameServer

ZONE = """
it.co.za               MX   10 mx1.scanner.example.
it.co.za               MX   20 mx2.scanner.example.
example.org            MX   10 mx1.scanner.example.
own.example            MX   10 mail.provider.example.
moved.example          MX   10 mx.elsewhere.example.
null.example           MX   0 .
wide.example           MX   10 mx.wide.example.
broken.example         !    SERVFAIL
mx1.scanner.example    A    198.51.100.1
mx2.scanner.example    A    198.51.100.2
mx2.scanner.example    AAAA 2001:db8:2::2
_spf.scanner.example   TXT  "v=spf1 ip4:198.51.100.128/25 ip4:203.0.113.0/28 -all"
mx.wide.example        A    198.51.100.200
_spf.wide.example      TXT  "v=spf1 ip4:198.18.0.0/15 ip4:198.51.100.192/26 -all"
mail.provider.example  A    192.0.2.25
mx.elsewhere.example   A    192.0.2.99
printer.it.co.za       A    192.0.2.7
out.partner.example    A    192.0.2.21
out.partner.example    A    192.0.2.22
"""

CONFIG = """\
[server]
listen = ["192.0.2.25:25"]
upstream = "127.0.0.1:10025"
identity = "proxy-v2"
reroute_source = ["192.0.2.26"]

[inventory]
files = ["domains"]

[stages]
reroute = ["it.co.za"]
refuse = ["broken.example", "*.org"]

[scanners.scanner]
mx = ["scanner.example"]
addresses = ["198.51.100.0/30"]
spf = ["_spf.scanner.example"]
knows_us = true

[scanners.wide]
mx = ["wide.example"]
spf = ["_spf.wide.example"]
knows_us = true

[[trust]]
name = "printer.it.co.za"
recipients = ["it.co.za"]
owner = "anna"
note = "the printer on floor 2"
expires = 2037-01-01

[dns]
servers = ["127.0.0.1:{port}"]
timeout = 2

[store]
path = "store.db"
"""

CERTIFIED = (
    CONFIG.replace('mx = ["scanner', 'certificates = ["*.scanner.example"]\nmx = ["scanner')
    + """
[tls]
certificates = [{{ chain = "/dev/null", key = "/dev/null" }}]

[[trust]]
certificate = "relay.partner.example"
owner = "ben"
note = "the partner's relay"
"""
)

WRONG = """\
[server]
listen = ["25"]
[policy]
stage = "refuze"
[[trust]]
network = "192.0.2.7"
owner = "anna"
"""

WARNED = """\
[server]
upstream = "127.0.0.1:10025"
addresses = ["192.0.2.25"]
[inventory]
files = ["domains", "unclean/*"]
[stages]
reroute = ["it.co.za", "*.it.co.za", "example.net"]
[scanners.scanner]
mx = ["scanner.example"]
[dns]
servers = ["127.0.0.1:53"]
"""

NOTED = """\
[server]
upstream = "127.0.0.1:10026"
identity = "xclient"
[inventory]
files = ["domains"]
[dns]
servers = ["127.0.0.1:53"]
"""

VANISHED = """\
[inventory]
files = ["gone"]
[dns]
servers = ["127.0.0.1:53"]
"""

DOMAINS = """\
it.co.za
example.org
own.example
moved.example
null.example
wide.example
broken.example
"""


@dataclass(frozen=True)
class Place:
    """A folder with configurations, domains, and room for a store; commands run in it."""

    folder: Path
    server: NameServer

    @property
    def store(self) -> Path:
        return self.folder / "store.db"

    def run(self, *words: str) -> Result:
        """A command, in this process. Nothing may go wrong inside."""
        environment = {"MXWARD_CONFIG": "mxward.toml", "SUDO_USER": "anna"}
        result = CliRunner(env=environment).invoke(main, words, prog_name="mxward")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def shown(self, *words: str) -> str:
        """What a command prints when all is fine."""
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        assert result.stderr == ""
        return result.stdout
