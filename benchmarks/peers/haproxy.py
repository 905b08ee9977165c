"""HAProxy in TCP mode: it carries bytes and decides nothing. One thread, one log line a session."""

from __future__ import annotations

from pathlib import Path

from tests.integration.servers import Server
from tests.integration.servers.server import greets

__all__ = ["HAProxy"]

_CONFIGURATION = """\
global
    maxconn 4096
    nbthread 1
    log stdout format raw local0
defaults
    mode tcp
    log global
    option tcplog
    timeout connect 5s
    timeout client 5m
    timeout server 5m
listen smtp
    bind {address}:{port}
    server upstream {upstream} {options}
"""


class HAProxy(Server):
    """HAProxy before `upstream`; `options` stand in its `server` line, such as send-proxy-v2."""

    def __init__(
        self, directory: Path, address: str, upstream: tuple[str, int], options: str = ""
    ) -> None:
        super().__init__(directory, address, 25)
        self._upstream = f"{upstream[0]}:{upstream[1]}"
        self._options = options

    def configure(self) -> list[str]:
        text = _CONFIGURATION.format(
            address=self.address, port=self.port, upstream=self._upstream, options=self._options
        )
        (self.directory / "haproxy.cfg").write_text(text)
        return ["/opt/usr/sbin/haproxy", "-db", "-f", "/srv/haproxy.cfg"]

    def answers(self) -> bool:
        return greets(self.address, self.port)
