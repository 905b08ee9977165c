"""A name server that takes its time."""

from __future__ import annotations

from pathlib import Path

import dns.exception
import dns.message
import dns.query

from benchmarks.peers.program import Program

__all__ = ["SlowDns"]


class SlowDns(Program):
    """benchmarks.slow_dns: every answer comes `seconds` after its question."""

    def __init__(self, directory: Path, address: str, seconds: float) -> None:
        super().__init__(directory, address, 53)
        self._seconds = seconds

    def configure(self) -> list[str]:
        return ["-m", "benchmarks.slow_dns", self.address, str(self._seconds)]

    def questions(self) -> list[tuple[float, str, str]]:
        """When, by the monotonic clock, what type, and which name."""
        lines = [line.split() for line in self.log.splitlines()]
        return [(float(at), kind, name) for at, kind, name in lines]

    def answers(self) -> bool:
        query = dns.message.make_query("ready.example", "A")
        try:
            dns.query.udp(query, self.address, timeout=1)
        except dns.exception.Timeout:
            return False
        return True
