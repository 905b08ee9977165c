"""mxward on a gateway, before a mail server that knows nothing of it: the kernel diverts
connections to it, and it goes on from the client's own address.

All domains are in stage refuse, behind one scanner that delivers from two addresses: one is in the
kernel's fast path, the other is not.
"""

from __future__ import annotations

import socket
import time
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.peers.mxward import DOMAINS
from benchmarks.peers.program import Program
from tests.integration.servers import ServerError

__all__ = ["BY_PROXY", "FAST", "Gateway"]

FAST, BY_PROXY = "198.18.1.20", "198.18.1.21"
"""Where the scanner delivers from: past mxward, and through it."""
_DNS = "192.0.2.53"
_METRICS = ("127.0.0.1", 9625)
_LISTENS_WITHIN = 30.0  # seconds
_UNTIL_COUNTED = 1.5  # seconds; workers count in the background
_CONFIGURATION = """\
[server]
hostname = "mx.provider.example"
identity = "transparent"
contact = "postmaster@provider.example"
workers = 2

[intercept]
layout = "gateway"
interfaces = ["wan"]
servers = ["{mail_server}"]
ports = [25]
fast_path = true
state = "intercept.json"

[tls]
hide_starttls = true

[metrics]
listen = "{metrics}"

[inventory]
files = ["localdomains"]

[policy]
stage = "refuse"

[scanners.clean]
mx = ["clean.example"]
egress = ["{fast}", "{by_proxy}"]

[dns]
servers = ["{dns}:53"]

[store]
path = "store.db"
"""


class Gateway(Program):
    """mxward before the mail server at an address. To be used within the gateway's network."""

    def __init__(self, directory: Path, mail_server: str) -> None:
        super().__init__(directory, "127.0.0.1", 2525)
        self._mail_server = mail_server

    def configure(self) -> list[str]:
        (self.directory / "localdomains").write_text("".join(f"{name}\n" for name in DOMAINS))
        path = self.directory / "mxward.toml"
        path.write_text(
            _CONFIGURATION.format(
                mail_server=self._mail_server,
                metrics=f"{_METRICS[0]}:{_METRICS[1]}",
                fast=FAST,
                by_proxy=BY_PROXY,
                dns=_DNS,
            )
        )
        return ["-m", "mxward", "serve", "--config", str(path)]

    def _wait_until_ready(self) -> None:
        """Until it listens: who was not diverted is not greeted."""
        deadline = time.monotonic() + _LISTENS_WITHIN
        while time.monotonic() < deadline and self._running().poll() is None:
            try:
                socket.create_connection((self.address, self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise ServerError(f"mxward does not listen\n{self.log}")

    def connections(self) -> int:
        """How many clients it has let in so far, by its own count."""
        time.sleep(_UNTIL_COUNTED)
        connection = HTTPConnection(*_METRICS, timeout=10)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        [count] = [line for line in lines if line.startswith("mxward_connections_total ")]
        return int(float(count.split()[1]))
