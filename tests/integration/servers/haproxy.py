"""HAProxy as a load balancer in TCP mode, which tells by the PROXY protocol who the client is."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

from tests.integration.servers import room
from tests.integration.servers.server import Server

__all__ = ["HaProxy"]

_CONFIGURATION = """\
global
  maxconn 200
  stats socket ipv4@{address}:{port}
defaults
  mode tcp
  option smtpchk EHLO balancer.example
  timeout connect 5s
  timeout client 60s
  timeout server 60s
"""


class HaProxy(Server):
    """`fronts`: by `send-proxy` or `send-proxy-v2`, the address where clients come in.

    What is `behind` sees it come from `address`, where it tells its state on `port`.
    """

    def __init__(
        self, directory: Path, address: str, port: int, *, behind: str, fronts: Mapping[str, str]
    ) -> None:
        super().__init__(directory, address, port)
        self.behind = behind
        self.fronts = fronts

    def configure(self) -> list[str]:
        text = _CONFIGURATION.format(address=self.address, port=self.port)
        for how, front in self.fronts.items():
            room.own(front)
            text += f"listen {how}\n  bind {front}:25\n"
            text += f"  server mail {self.behind}:25 {how} source {self.address}"
            text += " check inter 200ms fall 1 rise 1\n"
        (self.directory / "haproxy.cfg").write_text(text)
        return ["/opt/usr/sbin/haproxy", "-db", "-f", "/srv/haproxy.cfg"]

    def answers(self) -> bool:
        return set(self.states().values()) == {"L7OK"}

    def states(self) -> dict[str, str]:
        """What the last check of the server behind each front said: `L7OK` where all is well."""
        with socket.create_connection((self.address, self.port), timeout=2) as connection:
            connection.sendall(b"show stat\n")
            with connection.makefile("r") as lines:
                names, *rows = [line.strip("# \n").split(",") for line in lines if "," in line]
        stats = (dict(zip(names, row, strict=False)) for row in rows)
        return {
            each["pxname"]: each["check_status"].removeprefix("* ")
            for each in stats
            if each["svname"] == "mail"
        }
