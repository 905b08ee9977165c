"""A step of one zone as a script for nsupdate (RFC 2136), and its way back.

All of a script is one message: the server makes every change of it, or none. It is made only where
each set of records is still what it was when the plan was made (prerequisites), so a script changes
nothing in a zone that has moved on, nor when it is run twice. No key is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mxward.lockdown.dns.records import Change
from mxward.lockdown.dns.spelling import owner, spelled

__all__ = ["script"]


def script(zone: str, changes: Sequence[Change], server: str = "") -> str:
    """The script of these changes; `server` is an address and a port, as `server` takes them.

    Raises ValueError where something of it cannot be written.
    """
    beyond = next((c.name for c in changes if not _within(c.name, zone)), None)
    if beyond is not None:
        raise ValueError(f"{beyond} is not in the zone {zone}")
    lines = [f"server {server}"] if server else []
    lines.append(f"zone {owner(zone)}")
    lines += dict.fromkeys(_prerequisites(changes))
    updates = [line for change in changes for line in _updates(change.check())]
    return "\n".join([*lines, *sorted(updates, key=_adds), "send", ""])


def _within(name: str, zone: str) -> bool:
    return name == zone or name.endswith(f".{zone}")


def _adds(line: str) -> bool:
    """What goes must be gone before what cannot stand beside it comes."""
    return line.startswith("update add")


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
