"""A net of real servers to be audited: NSD and unbound, Postfix and Exim, an mxward before one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.mxward import Mxward
from tests.integration.servers import Exim, MailServer, Nsd, Postfix, Unbound, room

__all__ = [
    "AUDITOR",
    "CLIENT",
    "EGRESS",
    "EXIM",
    "GUARDED",
    "NOBODY",
    "POSTFIX",
    "SHUT",
    "Net",
    "doors",
    "inventory",
    "net",
]

ROOT_DNS, DNS = "192.0.2.54", "192.0.2.53"
AUDITOR, CLIENT = "192.0.2.77", "192.0.2.90"
POSTFIX, EXIM, GUARDED, SHUT, NOBODY = (f"203.0.113.{n}" for n in (25, 26, 27, 28, 29))
SCANNER_MX, EGRESS = "198.51.100.10", "198.51.100.20"

_NOT_LISTED = ("scanner", "provider", "two", "another", "other", "drifting", "uncovered")
_FRONTED = "@ MX 10 mx.scanner.example."


def zones(count: int) -> dict[str, str | None]:
    """So many domains, the hundredth part of them in each state that is not the common one."""
    made: dict[str, str | None] = {
        "scanner.example": f'mx A {SCANNER_MX}\n_spf TXT "v=spf1 ip4:{EGRESS} -all"',
        "provider.example": f"mail A {POSTFIX}",
        "broken.example": None,
        "behind.example": f"{_FRONTED}\n@ A {POSTFIX}\n* A {POSTFIX}\nmail AAAA 2001:db8::99",
        "exim.example": f'{_FRONTED}\nsmtp A {EXIM}\n@ TXT "v=spf1 ip4:{EXIM} -all"',
        "guarded.example": f"{_FRONTED}\nmail A {GUARDED}",
        "shut.example": f"{_FRONTED}\nmail A {SHUT}\nwebmail A {NOBODY}",
        "backup.example": f"{_FRONTED}\n@ MX 20 mail.provider.example.",
        "own.example": "@ MX 10 mail.provider.example.",
        "two.example": "",
        # not in the inventory
        "another.example": 'mx A 198.51.100.30\n_spf TXT "v=spf1 ip4:198.51.100.96/27 -all"',
        "other.example": "in A 198.51.100.31",
        "drifting.example": "@ MX 10 mx.another.example.",
        "uncovered.example": "@ MX 10 in.other.example.",
    }
    hosts = (POSTFIX, EXIM)
    # one zone file for all of the many
    many = "".join(
        f"d{n} MX 10 mx.scanner.example.\nmail.d{n} A {hosts[n % 2]}\n" for n in range(count)
    )
    made["two.example"] = many
    return made


def inventory(count: int) -> list[str]:
    named = [name for name in zones(0) if name.split(".")[0] not in _NOT_LISTED]
    return [*named, *(f"d{n}.two.example" for n in range(count))]


CONFIGURATION = f"""\
[server]
hostname = "mail.provider.example"
listen = ["{GUARDED}:25"]
upstream = "127.0.0.1:10025"
identity = "proxy-v2"
addresses = ["{GUARDED}"]
[inventory]
files = ["localdomains"]
[policy]
stage = "refuse"
[scanners.scanner]
mx = ["scanner.example"]
addresses = ["{SCANNER_MX}"]
spf = ["_spf.scanner.example"]
[audit]
networks = ["203.0.113.0/24"]
ports = [25]
sources = ["{AUDITOR}"]
[dns]
servers = ["{DNS}:53"]
[store]
path = "store.db"
"""


@dataclass
class Net:
    """Everything that stands, and how an audit of it is made."""

    directory: Path
    postfix: MailServer
    exim: MailServer
    shut: MailServer
    guarded: MailServer  # behind mxward
    mxward: Mxward

    def audit(self, *words: str) -> Any:
        """The report, as a program reads it."""
        command = [sys.executable, "-m", "mxward", "audit", "--config", "mxward/mxward.toml"]
        done = subprocess.run(
            [*command, "--once", "--gap", "0", "--format", "json", *words],
            cwd=self.directory,
            env=os.environ | {"PYTHONPATH": str(Path("src").resolve())},
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert "Traceback" not in done.stderr, done.stderr
        told = json.loads(done.stdout)
        assert done.returncode == told["exit_code"]
        return told

    def visits(self) -> int:
        """How often any server speaks of the auditor."""
        return sum(server.log.count(AUDITOR) for server in (self.postfix, self.exim, self.shut))

    def begun(self) -> list[str]:
        """What any server's log says of a message."""
        servers = (self.postfix, self.exim, self.shut, self.guarded)
        logs = "\n".join(server.log for server in servers)
        return re.findall(r".*(?:<=|message-id|after DATA|from <.*DATA).*", logs)


@contextmanager
def net(directory: Path, count: int) -> Iterator[Net]:
    """All servers, with so many domains besides the named ones."""
    for address in (AUDITOR, CLIENT, NOBODY, SCANNER_MX, EGRESS):
        room.own(address)
    domains = inventory(count)
    (directory / "mxward").mkdir()
    (directory / "mxward" / "localdomains").write_text("\n".join(domains) + "\n")
    with (
        Nsd(directory / "nsd", ROOT_DNS, zones=zones(count)),
        Unbound(directory / "unbound", DNS, root=(ROOT_DNS, 53)),
        Postfix(directory / "postfix", POSTFIX, domains=domains) as postfix,
        Exim(directory / "exim", EXIM, domains=domains) as exim,
        Postfix(directory / "shut", SHUT, domains=["nothing.example"]) as shut,
        Postfix(
            directory / "guarded", "127.0.0.1", 10024, domains=domains, proxy_port=10025
        ) as guarded,
        Mxward(directory / "mxward", GUARDED, CONFIGURATION) as mxward,
    ):
        yield Net(directory, postfix, exim, shut, guarded, mxward)


def doors(told: Any) -> dict[str, dict[str, str]]:
    """By server and domain, what is said of it."""
    return {
        finding["server"]["host"]: {at["domain"]: at["verdict"] for at in finding["at"]}
        for finding in told["findings"]
        if finding["server"]
    }
