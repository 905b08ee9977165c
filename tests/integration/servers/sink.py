"""smtp-sink: an SMTP server that takes everything, keeps nothing and is very fast."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.integration.servers.server import Server, greets


class SmtpSink(Server):
    """smtp-sink(1) with its own `options`: `-R dir` keeps messages, `-r RCPT` refuses with 5xx,
    `-m 999` takes that many sessions at once (256).
    """

    def __init__(
        self, directory: Path, address: str, port: int = 25, *, options: Sequence[str] = ()
    ) -> None:
        super().__init__(directory, address, port)
        self.options = tuple(options)

    def configure(self) -> list[str]:
        host = f"[{self.address}]" if ":" in self.address else self.address
        sink = ["/opt/usr/sbin/smtp-sink", "-u", "nobody", *self.options]
        return [*sink, f"inet:{host}:{self.port}", "1024"]

    def answers(self) -> bool:
        return greets(self.address, self.port)
