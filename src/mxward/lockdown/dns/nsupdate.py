"""A step of one zone as a script for nsupdate (RFC 2136), and its way back.

A script is one message: the server makes every change of it, or none. It is made only where every
set of records is still what it was when the plan was made (prerequisites), so a script changes
nothing in a zone that has moved on, nor when it is run twice. Where a zone has so many names that
they fit into no message (64 KB), there are several, and that is true of each. No key is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from mxward.lockdown.dns.records import Change
from mxward.lockdown.dns.spelling import owner, spelled

__all__ = ["script"]

_MOST = 24_000
"""Characters of one message's commands: more than its octets."""


def script(zone: str, changes: Sequence[Change], server: str = "") -> str:
    """The script of these changes; `server` is an address and a port, as `server` takes them.

    Raises ValueError where something of it cannot be written.
    """
    beyond = next((c.name for c in changes if not _within(c.name, zone)), None)
    if beyond is not None:
        raise ValueError(f"{beyond} is not in the zone {zone}")
    lines = [f"server {server}"] if server else []
    for message in _messages(changes):
        lines += [f"zone {owner(zone)}", *message, "send"]
    return "\n".join([*lines, ""])


def _messages(changes: Sequence[Change]) -> Iterator[list[str]]:
    """The commands of each message; what changes at one name is never parted."""
    here: list[str] = []
    size = 0
    for _, some in groupby(changes, key=_name_of):
        commands = _commands(tuple(some))
        more = sum(map(len, commands))
        if here and size + more > _MOST:
            yield _ordered(here)
            here, size = [], 0
        here += commands
        size += more
    yield _ordered(here)


def _name_of(change: Change) -> str:
    return change.name


def _commands(changes: Sequence[Change]) -> list[str]:
    updates = [line for change in changes for line in _updates(change.check())]
    return [*dict.fromkeys(_prerequisites(changes)), *updates]


def _ordered(commands: Iterable[str]) -> list[str]:
    """Prerequisites come first; and what goes must be gone before what cannot stand beside it."""
    return sorted(commands, key=_rank)


def _rank(command: str) -> int:
    return 0 if command.startswith("prereq") else 2 if command.startswith("update add") else 1


def _within(name: str, zone: str) -> bool:
    return name == zone or name.endswith(f".{zone}")


def _prerequisites(changes: Sequence[Change]) -> Iterator[str]:
    had = {(change.name, change.kind == "CNAME") for change in changes if change.was}
    for change in changes:
        name, kind = owner(change.name), change.kind
        if change.was:
            texts = _texts(kind, change.was)
            yield from (f"prereq yxrrset {name} IN {kind} {text}" for text in texts)
        elif kind == "CNAME" and (change.name, False) not in had:
            yield f"prereq nxdomain {name}"
        else:
            yield f"prereq nxrrset {name} IN {kind}"
            if (change.name, True) not in had and kind != "CNAME":
                yield f"prereq nxrrset {name} IN CNAME"


def _updates(change: Change) -> Iterator[str]:
    """Records of one set last equally long (RFC 2181 5.2): for another time all are set anew."""
    name, kind = owner(change.name), change.kind
    anew = bool(change.was and change.becomes) and change.was_ttl != change.ttl
    gone = [value for value in change.was if value not in change.becomes]
    new = [value for value in change.becomes if value not in change.was]
    if anew:
        yield f"update delete {name} IN {kind}"
        new = list(change.becomes)
    else:
        yield from (f"update delete {name} IN {kind} {text}" for text in _texts(kind, gone))
    yield from (f"update add {name} {change.ttl} IN {kind} {text}" for text in _texts(kind, new))


def _texts(kind: str, values: Iterable[str]) -> list[str]:
    return [spelled(kind, value) for value in values]
