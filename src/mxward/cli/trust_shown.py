"""Trusted clients, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxward.cli.origins import day, moment
from mxward.cli.screen import Screen
from mxward.domains import Domains
from mxward.model import Trust
from mxward.store.trusted import Entry

__all__ = ["as_object", "as_objects", "identity", "in_words", "is_over", "label", "show", "who"]

_HEADERS = ("entry", "client", "for", "from", "until", "owner", "note")


def identity(trust: Trust) -> str:
    """Who it is: `192.0.2.8`, `192.0.2.0/24`, a name."""
    if trust.network is not None:
        one = trust.network.num_addresses == 1
        return str(trust.network.network_address if one else trust.network)
    return trust.name or trust.certificate or ""


def label(trust: Trust) -> str:
    """The id of an entry of the store; of one of the configuration, where it stands."""
    return trust.place if trust.id is None else str(trust.id)


def is_over(trust: Trust, now: float) -> bool:
    return trust.expires is not None and trust.expires <= now


def who(trust: Trust) -> str:
    """Whom it is about: `192.0.2.8 for it.co.za`."""
    limits = [
        f"{which} {' '.join(domains)}"
        for which, domains in (("for", trust.recipients), ("from", trust.senders))
        if len(domains)
    ]
    kind = "certificate " * (trust.certificate is not None)
    return " ".join([f"{kind}{identity(trust)}", *limits])


def in_words(trust: Trust, now: float) -> str:
    """In one line."""
    if is_over(trust, now):
        ends = "no longer"
    else:
        ends = f"until {moment(trust.expires)}" if trust.expires is not None else "without an end"
    return f"{who(trust)} is trusted {ends} ({trust.note}, says {trust.owner})"


def show(screen: Screen, clients: Sequence[Trust], now: float) -> None:
    """A table, and how many have ended."""
    if not clients:
        screen.line("Nobody is trusted to use the back door.")
        return
    screen.table(_HEADERS, [_row(trust, now) for trust in clients])
    over = sum(is_over(trust, now) for trust in clients)
    if over:
        screen.line()
        screen.line(f"{over} of them ended and count no more.", "yellow")


def _row(trust: Trust, now: float) -> Sequence[object]:
    ends = "never" if trust.expires is None else _until(trust.expires)
    over = " (over)" * is_over(trust, now)
    kind = " (certificate)" * (trust.certificate is not None)
    return (
        label(trust),
        f"{identity(trust)}{kind}",
        _any(trust.recipients),
        _any(trust.senders),
        f"{ends}{over}",
        trust.owner,
        trust.note,
    )


def _until(expires: float) -> str:
    """The day that ends then, or the moment."""
    return day(expires - 1) if expires % 86_400 == 0 else moment(expires)


def _any(domains: Domains) -> str:
    return " ".join(domains) if len(domains) else "any"


# -- for programs -----------------------------------------------------------------------------


def as_objects(
    clients: Sequence[Trust], entries: Sequence[Entry], now: float
) -> list[dict[str, Any]]:
    """Times are in seconds since the epoch; `added` is known of the store's only."""
    added = {entry.trust.id: entry for entry in entries}
    return [as_object(trust, added.get(trust.id), now) for trust in clients]


def as_object(trust: Trust, entry: Entry | None, now: float) -> dict[str, Any]:
    """One of them."""
    return {
        "id": trust.id,
        "place": trust.place,
        "network": str(trust.network) if trust.network else None,
        "name": trust.name,
        "certificate": trust.certificate,
        "for": list(trust.recipients),
        "from": list(trust.senders),
        "owner": trust.owner,
        "note": trust.note,
        "expires": trust.expires,
        "expired": is_over(trust, now),
        "added_by": entry.added_by if entry else None,
        "added_at": entry.added_at if entry else None,
    }
