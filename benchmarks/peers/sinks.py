"""Where all mail ends: smtp-sink for many small messages, a sink of our own for large ones."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers.program import Program
from tests.integration.servers import SmtpSink

__all__ = ["FastSink", "small_sink"]


class FastSink(Program):
    """benchmarks.sink"""

    def configure(self) -> list[str]:
        return ["-m", "benchmarks.sink", self.address, str(self.port)]


def small_sink(directory: Path, address: str) -> SmtpSink:
    """smtp-sink(1), for a thousand sessions at once."""
    return SmtpSink(directory, address, options=["-m", "1000"])
