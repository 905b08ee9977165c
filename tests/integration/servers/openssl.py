"""openssl s_client: a TLS client that shows what it was shown."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tests.integration.servers import room

__all__ = ["s_client"]


def s_client(server: str, said: str, *options: str, port: int = 25, seconds: float = 20) -> str:
    """STARTTLS and then `said`; the whole transcript."""
    command = ["/opt/usr/bin/openssl", "s_client", "-starttls", "smtp", "-ign_eof", "-crlf"]
    command += ["-connect", f"{server}:{port}", *options]
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            room.command(command, Path(directory)),
            input=said.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
        )
    return done.stdout.decode(errors="replace")
