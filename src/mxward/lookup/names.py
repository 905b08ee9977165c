"""The names that a client's address has and that lead back to it (forward-confirmed PTR).

Strangers choose both the clients and, through their PTR records, the names: nothing of it is kept
beyond the process, and the number of names and of answers is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from mxward.frontdoor import records
from mxward.lookup.cache import Cache
from mxward.lookup.facts import Fact
from mxward.lookup.resolver import Resolver
from mxward.model import ConfirmedNames, Kind, Known, Question, Remembered
from mxward.networks import Address
from mxward.store.recollection import Recollection

__all__ = ["ClientNames"]

_MOST_NAMES = 10
_MOST_ANSWERS = 10_000
_MOST_VALUES = 100


class ClientNames:
    """Finds the confirmed names of clients. It belongs to one event loop.

    FOUND and ABSENT are certain. FAILED says that a look-up failed, so that the client may have
    more names than those that are listed. `clock` gives seconds since the epoch.
    """

    def __init__(self, resolver: Resolver, clock: Callable[[], float]) -> None:
        self._cache = Cache(resolver, _Strangers(_MOST_ANSWERS), clock)

    def known(self, client: Address) -> ConfirmedNames | None:
        """The names where they can be told without waiting."""
        pointers = self._cache.known(_pointer(client))
        if pointers is None:
            return None
        names = _names(pointers)
        facts = [self._cache.known(_forward(name, client)) for name in names]
        asked = [fact for fact in facts if fact is not None]
        return _confirmed(client, pointers, names, asked) if len(asked) == len(names) else None

    async def find(self, client: Address) -> ConfirmedNames:
        """The names, looked up where they are stale or unknown. Never raises."""
        pointers = await self._cache.find(_pointer(client))
        names = _names(pointers)
        asked = await asyncio.gather(*(self._cache.find(_forward(n, client)) for n in names))
        return _confirmed(client, pointers, names, asked)


class _Strangers(Recollection):
    """Keeps little of each answer, and nothing of what vanished from it."""

    def keep(self, question: Question, remembered: Remembered) -> None:
        """Remember this of a question from now on."""
        values = remembered.values[:_MOST_VALUES]
        super().keep(question, replace(remembered, values=values, former=()))


def _pointer(client: Address) -> Question:
    return Question(Kind.PTR, client.reverse_pointer)


def _forward(name: str, client: Address) -> Question:
    return Question(Kind.A if client.version == 4 else Kind.AAAA, name)


def _names(pointers: Fact) -> list[str]:
    values = pointers.remembered.values if pointers.remembered else ()
    names = dict.fromkeys(records.host(value) for value in values)
    return [name for name in names if name][:_MOST_NAMES]


def _confirmed(
    client: Address, pointers: Fact, names: list[str], facts: list[Fact]
) -> ConfirmedNames:
    confirmed = tuple(
        name
        for name, fact in zip(names, facts, strict=True)
        if fact.remembered and client in records.addresses(fact.remembered.values)
    )
    if any(fact.remembered is None for fact in (pointers, *facts)):
        return ConfirmedNames(Known.FAILED, confirmed)
    return ConfirmedNames(Known.FOUND if confirmed else Known.ABSENT, confirmed)
