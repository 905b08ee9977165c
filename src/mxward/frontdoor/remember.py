"""One question to the DNS over time: what holds now, and what vanished lately.

A look-up that fails changes nothing. What is found is known at once; a value that disappears stays
in `former` for the cooling-off time, counted from when it was found gone: so a domain that nobody
asked about for a week has its 72 hours too. A name that CNAMEs no longer lead to is a former value
as well, spelled `CNAME name`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import inf

from mxward.model import Answer, Known, Question, Remembered

__all__ = [
    "COOLING_OFF",
    "MOST_VALUES",
    "Recall",
    "cooling",
    "is_fresh",
    "lapses_at",
    "led_to",
    "remember",
]

Recall = Callable[[Question], Remembered | None]
"""How what is remembered of a question is got at; None where nothing is."""

COOLING_OFF = 72 * 3600.0
"""Seconds through which what disappeared stays welcome: senders and scanners keep an old MX."""

SHORTEST, LONGEST = 30.0, 3600.0
"""Seconds that an answer holds, whatever its TTL says; a negative one too (RFC 2308 5)."""

MOST_VALUES = 400
"""Values kept of one answer, and of what vanished from it: more is an attack or a mistake."""

_LED_TO = "CNAME "


def remember(old: Remembered | None, answer: Answer, now: float) -> Remembered | None:
    """What is known after an answer; None where nothing is. `now` is in seconds."""
    if answer.state not in (Known.FOUND, Known.ABSENT):
        return old
    found = answer.values if answer.state is Known.FOUND else ()
    values = tuple(sorted(set(found)))[:MOST_VALUES]
    if old is not None and old.values == values:
        values = old.values  # one object for both: a million domains share a few MX sets
    expires_at = now + min(max(answer.ttl, SHORTEST), LONGEST)
    former = tuple(_former(old, {*values, _LED_TO + answer.canonical}, now)) if old else ()
    return Remembered(answer.state, values, answer.canonical, now, expires_at, former[:MOST_VALUES])


def is_fresh(known: Remembered, now: float) -> bool:
    """Whether it need not be asked again yet. After the clock was set back, it must be."""
    return known.observed_at <= now < known.expires_at


def cooling(former: Iterable[tuple[str, float]], now: float) -> Iterator[str]:
    """The vanished values that are still welcome."""
    return (value for value, gone in former if now < gone + COOLING_OFF)


def lapses_at(known: Remembered, now: float) -> float:
    """When the next vanished value is welcome no more; infinity where none is."""
    ends = (gone + COOLING_OFF for _, gone in known.former)
    return min((end for end in ends if end > now), default=inf)


def led_to(former: Iterable[str]) -> list[str]:
    """The names among vanished values that CNAMEs led to."""
    return [value.removeprefix(_LED_TO) for value in former if value.startswith(_LED_TO)]


def _former(old: Remembered, holds: set[str], now: float) -> Iterator[tuple[str, float]]:
    """What vanished now, then what vanished before: the newest first."""
    lately = [*old.values, _LED_TO + old.canonical] if old.canonical else old.values
    for value in lately:
        if value not in holds:
            yield value, now
    for value, gone in old.former:
        if value not in holds and value not in lately and now < gone + COOLING_OFF:
            yield value, gone
