"""Mail servers that take their time."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from benchmarks.peers.program import Program
from tests.integration.servers.server import greets

__all__ = ["SlowMail"]


class SlowMail(Program):
    """benchmarks.slow_mail: `number` servers from `address` on, `seconds` for every reply."""

    def __init__(
        self, directory: Path, address: str, number: int, seconds: float, manner: str
    ) -> None:
        super().__init__(directory, address)
        self._number = number
        self._seconds = seconds
        self._manner = manner

    def configure(self) -> list[str]:
        counts = [self.address, str(self._number), str(self._seconds), self._manner]
        return ["-m", "benchmarks.slow_mail", *counts]

    def answers(self) -> bool:
        last = ip_address(self.address) + self._number - 1
        return greets(str(last), self.port)
