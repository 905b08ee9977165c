"""One module for each kind of server: what it is told, and nothing else."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

__all__ = ["Peer"]


class Peer(Protocol):
    """A server that stands while its context lasts. `pid` and all below it is the whole of it."""

    address: str

    @property
    def pid(self) -> int: ...

    def __enter__(self) -> object: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None: ...
