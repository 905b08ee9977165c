"""mxward as its users run it: `mxward serve`, an inventory of thousands, its log in a file.

All domains are in stage refuse. One scanner stands before them, and delivers from EGRESS and from
mxward's own address: there smtp-source comes from, which cannot choose. All others come by the back
door. The DNS is NSD, and is asked once: answers hold for the longest that mxward keeps any.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.program import Program
from tests.integration.servers import Nsd

__all__ = ["BACK_DOOR", "DNS", "DOMAINS", "EGRESS", "Mxward", "dns"]

DOMAINS = tuple(f"d{n}.customers.example" for n in range(5_000))
EGRESS = "198.51.100.20"
BACK_DOOR = "192.0.2.90"
DNS = "192.0.2.53"
_ZONES: dict[str, str | None] = {
    # With AAAA records, for what does not exist is asked again every 30 seconds.
    "clean.example": "$TTL 86400\n"
    "mx1 A 198.51.100.10\nmx1 AAAA 2001:db8::10\nmx2 A 198.51.100.11\nmx2 AAAA 2001:db8::11",
    "customers.example": "$TTL 86400\n* MX 10 mx1.clean.example.\n* MX 10 mx2.clean.example.",
}
_CONFIGURATION = """\
[server]
hostname = "mail.provider.example"
listen = ["{address}:{port}"]
upstream = "{upstream}"
addresses = ["203.0.113.25"]
contact = "postmaster@provider.example"
workers = {workers}
{server}
[inventory]
files = ["localdomains"]

[policy]
stage = "refuse"

[scanners.clean]
mx = ["clean.example"]
egress = ["{egress}", "{address}"]
knows_us = true

[dns]
servers = ["{dns}:53"]

[store]
path = "store.db"
{tables}
"""


class Mxward(Program):
    """mxward before `upstream`, with `server` as further lines of [server], `tables` after all.

    Where it is measured beside other servers it has one worker.
    """

    def __init__(
        self,
        directory: Path,
        address: str,
        upstream: tuple[str, int],
        *,
        server: str = "",
        tables: str = "",
        workers: int = 1,
        domains: Sequence[str] = DOMAINS,
    ) -> None:
        super().__init__(directory, address)
        self._domains = domains
        self._upstream = f"{upstream[0]}:{upstream[1]}"
        self._server = server
        self._tables = tables
        self._workers = workers

    def configure(self) -> list[str]:
        path = self.write()
        return ["-m", "mxward", "serve", "--config", str(path)]

    def write(self) -> Path:
        """Write the configuration and the inventory; where the configuration is."""
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "localdomains").write_text("".join(f"{name}\n" for name in self._domains))
        text = _CONFIGURATION.format(
            address=self.address,
            port=self.port,
            upstream=self._upstream,
            server=self._server,
            tables=self._tables,
            workers=self._workers,
            egress=EGRESS,
            dns=DNS,
        )
        path = self.directory / "mxward.toml"
        path.write_text(text)
        return path

    def why_not(self) -> str | None:
        """What `mxward check-config` has against this configuration, in short."""
        command = [sys.executable, "-m", "mxward", "check-config", "--config", str(self.write())]
        done = subprocess.run(command, capture_output=True, text=True)
        mistakes = re.findall(r"\.toml:\d+: (?!warning)([^;]*)", done.stderr)
        return ", ".join(mistakes) or "refused" if done.returncode else None


@contextmanager
def dns(directory: Path) -> Iterator[Nsd]:
    """The name server that mxward asks."""
    with Nsd(directory / "nsd", DNS, zones=_ZONES) as nsd:
        yield nsd
