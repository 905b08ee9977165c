"""A client that speaks a line at a time, for scenes in which something happens in between."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self

__all__ = ["Dialogue"]


class Dialogue:
    """One SMTP session over a plain socket; the greeting is read when it is made."""

    def __init__(self, address: str, port: int = 25, source: str = "") -> None:
        self._socket = socket.create_connection(
            (address, port), timeout=30, source_address=(source, 0) if source else None
        )
        self._file = self._socket.makefile("rb")
        self.greeting = self.answer()

    def send(self, text: str) -> None:
        self._socket.sendall(text.encode())

    def say(self, *lines: str) -> str:
        """Send lines one by one; the answer to the last."""
        answer = ""
        for line in lines:
            self.send(f"{line}\r\n")
            answer = self.answer()
        return answer

    def answer(self) -> str:
        """The last line of the next reply; empty where the connection has ended."""
        while line := self._file.readline().decode().rstrip("\r\n"):
            if line[3:4] != "-":
                return line
        return ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._file.close()
        self._socket.close()
