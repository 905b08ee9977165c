"""Real clients: swaks for one message with its transcript, smtp-source for many."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.integration.servers import room


@dataclass(frozen=True, slots=True)
class Session:
    """What a client did: `code` 0 means that all was accepted."""

    code: int
    transcript: str

    @property
    def replies(self) -> list[str]:
        """The server's lines as swaks shows them, in order: `250 2.1.0 Ok`."""
        lines = self.transcript.splitlines()
        shown = ("<-  ", "<** ", "<~  ", "<~* ")  # the last two within TLS
        return [line[4:].strip() for line in lines if line.startswith(shown)]

    @property
    def refused(self) -> list[str]:
        """The lines that refused a command, in order."""
        return [line for line in self.replies if line[:1] in ("4", "5")]


def swaks(
    server: str,
    recipient: str,
    *,
    port: int = 25,
    sender: str = "sender@client.example",
    helo: str = "client.example",
    source: str | None = None,
    message: bytes | None = None,
    options: Sequence[str] = (),
    seconds: float = 30,
) -> Session:
    """Send one message to `recipient`, or to several with commas between; `sender` "" is null.

    `source` is the address to connect from, `message` a whole message instead of swaks' own; lines
    end in LF. `options` are swaks'.
    """
    command = ["swaks", "--server", server, "--port", str(port), "--to", recipient]
    command += ["--from", sender or "<>", "--helo", helo, "--timeout", f"{seconds:.0f}"]
    if source:
        room.own(source)
        command += ["--local-interface", source]
    if message is not None:
        command += ["--data", "-"]
    return _run([*command, *options], message or b"", seconds + 5)


def smtp_source(
    server: str,
    recipient: str,
    *,
    port: int = 25,
    sender: str = "sender@client.example",
    helo: str = "client.example",
    messages: int = 1,
    sessions: int = 1,
    length: int = 1024,
    options: Sequence[str] = (),
    seconds: float = 120,
) -> Session:
    """Send many messages of `length` bytes, `sessions` at once, each in a connection of its own.

    It gives up at the first reply that is not 2xx, and always connects from the system's choice.
    """
    command = ["smtp-source", "-f", sender, "-t", recipient, "-M", helo]
    command += ["-m", str(messages), "-s", str(sessions), "-l", str(length)]
    host = f"[{server}]" if ":" in server else server
    return _run([*command, *options, f"{host}:{port}"], b"", seconds)


def _run(command: Sequence[str], given: bytes, seconds: float) -> Session:
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            room.command(command, Path(directory)),
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
        )
    return Session(done.returncode, done.stdout.decode(errors="replace"))
