"""BIND with an operator's zones, unbound before it, and `mxward lockdown dns` run as he runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.servers import Unbound
from tests.integration.servers.bind import Bind

__all__ = ["MAIL6", "MAIL", "NEW", "PRIMARY", "WEB", "ZONES", "Stand", "stand"]

PRIMARY, RESOLVER = "192.0.2.53", "192.0.2.54"
MAIL, MAIL6, WEB, NEW = "192.0.2.25", "2001:db8::25", "192.0.2.80", "203.0.113.9"

_HEAD = """\
$TTL 3600
@ IN SOA ns1.hosting.example. admin.hosting.example. 2026113001 60 60 3600 60 ; serial first
@ NS ns1.hosting.example.
"""
_MX = "@ MX 10 mx.scanner.example.\n"

ZONES = {
    "scanner.example": f'{_HEAD}mx A 198.51.100.10\n_spf TXT "v=spf1 ip4:198.51.100.20 -all"\n',
    "hosting.example": f"{_HEAD}{_MX}ns1 A {PRIMARY}\nmail A {MAIL}\nsmtp A {MAIL}\n",
    "own.example": f"{_HEAD}@ MX 10 mail.hosting.example.\nsmtp A {MAIL}\n",
    "it.co.za": _HEAD
    + _MX
    + f"""\
@ A {WEB}
www CNAME @
; whoever reads this, the mail server
mail 7200 A {MAIL}
     7200 AAAA {MAIL6}
smtp 1800 CNAME mail
@ TXT "v=spf1 a:mail.it.co.za include:_spf.scanner.example -all"
@ TXT "a \\"quoted\\" text; with $ and \\\\ and \\010"
_imaps._tcp SRV 0 1 993 imap
imap A {MAIL}
""",
    "web.example": f"{_HEAD}{_MX}@ A {MAIL}\nwww CNAME @\nmail A {MAIL}\n",
    "wild.example": f"{_HEAD}{_MX}* A {MAIL}\nmx A {MAIL}\n",
    "six.example": f"{_HEAD}{_MX}mail AAAA {MAIL6}\n",
    "cname.example": f"{_HEAD}{_MX}mail CNAME smtp.hosting.example.\n",
    "mixed.example": f"{_HEAD}{_MX}mail A {MAIL}\nmail A {WEB}\n",
    "xn--bcher-kva.example": f"{_HEAD}{_MX}mail A {MAIL}\n",
    "parent.example": f"{_HEAD}d MX 10 mx.scanner.example.\nmail.d A {MAIL}\n",
    "foreign.example": _HEAD.replace("@ NS ns1.hosting", "@ NS ns1.elsewhere")
    + f"{_MX}mail A {MAIL}\n",
    "elsewhere.example": f"{_HEAD}ns1 A {PRIMARY}\n",
}
DOMAINS = [
    *(zone for zone in ZONES if zone not in ("scanner.example", "elsewhere.example")),
    "d.parent.example",
]
DOMAINS.remove("parent.example")

_CONFIGURATION = f"""\
[server]
hostname = "mail.hosting.example"
listen = ["{MAIL}:25"]
upstream = "127.0.0.1:10025"
addresses = ["{MAIL}", "{MAIL6}"]
[inventory]
files = ["localdomains"]
[scanners.scanner]
mx = ["scanner.example"]
addresses = ["198.51.100.10"]
spf = ["_spf.scanner.example"]
[audit]
networks = ["192.0.2.0/24"]
[dns]
servers = ["{RESOLVER}:53"]
[store]
path = "store.db"
"""


@dataclass
class Stand:
    """What stands, and what was written."""

    directory: Path
    bind: Bind

    @property
    def out(self) -> Path:
        return self.directory / "out"

    def plan(self, *words: str, code: int = 0) -> Any:
        """Run it; what it prints with --json."""
        command = [sys.executable, "-m", "mxward", "lockdown", "dns", "--config", "mxward.toml"]
        done = subprocess.run(
            [*command, "--out", "out", "--primary", PRIMARY, "--json", *words],
            cwd=self.directory,
            env=os.environ | {"PYTHONPATH": str(Path("src").resolve())},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, done.stderr + done.stdout
        return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout

    def scripts(self, suffix: str = "nsupdate") -> list[Path]:
        """In the order in which they are run; backwards for the way back."""
        found = sorted(self.out.glob(f"*/*.{suffix}"))
        return found[::-1] if suffix == "back" else found

    def run(self, scripts: list[Path]) -> None:
        """Run scripts, each of which must do its work and leave a zone that is one."""
        for script in scripts:
            done = self.bind.update(script)
            assert (done.returncode, done.stderr) == (0, ""), (script, done.stderr)
            zone = script.stem
            assert self.bind.check(zone) == ""

    def dump(self) -> dict[str, str]:
        return {zone: self.bind.dump(zone) for zone in ZONES}


@contextmanager
def stand(directory: Path) -> Iterator[Stand]:
    (directory / "mxward.toml").write_text(_CONFIGURATION)
    (directory / "localdomains").write_text("".join(f"{domain}\n" for domain in DOMAINS))
    with ExitStack() as stack:
        bind = stack.enter_context(Bind(directory / "bind", PRIMARY, zones=ZONES))
        root = (PRIMARY, 53)
        stack.enter_context(Unbound(directory / "unbound", RESOLVER, root=root))
        yield Stand(directory, bind)
