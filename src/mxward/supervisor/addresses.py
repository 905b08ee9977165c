"""Which listening sockets stay, come and go when the addresses to listen on have changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Address", "Change", "change", "mismatch", "spelled"]

Address = tuple[str, int]
"""An address and a port, as a socket tells them."""


@dataclass(frozen=True, slots=True)
class Change:
    """From what is held to what is wanted."""

    come: tuple[Address, ...]
    go: tuple[Address, ...]

    def __bool__(self) -> bool:
        return bool(self.come or self.go)


def change(held: Collection[Address], wanted: Sequence[Address]) -> Change:
    """A port 0, the system's choice, stays what it became."""
    come = tuple(x for x in wanted if not any(_serves(have, x) for have in held))
    go = tuple(have for have in held if not any(_serves(have, x) for x in wanted))
    return Change(come, go)


def mismatch(given: Iterable[Address], wanted: Sequence[Address]) -> str:
    """What is wrong with sockets that somebody else has made, in words; empty where they fit."""
    difference = change(tuple(given), wanted)
    said = []
    if difference.go:
        said.append(f"{' '.join(map(spelled, difference.go))} is given, and not in server.listen")
    if difference.come:
        said.append(f"{' '.join(map(spelled, difference.come))} is in server.listen, and not given")
    return ", ".join(said)


def spelled(address: Address) -> str:
    """`192.0.2.25:25`, `[2001:db8::25]:25`."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _serves(held: Address, wanted: Address) -> bool:
    return held[0] == wanted[0] and wanted[1] in (0, held[1])
