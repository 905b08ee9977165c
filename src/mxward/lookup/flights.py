"""One task at a time for each thing that is wanted, however many wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

__all__ = ["Flights"]

_Key = TypeVar("_Key")
_Result = TypeVar("_Result")


class Flights(Generic[_Key, _Result]):
    """The tasks under way. They belong to one event loop, and must not raise.

    Who waits does so through `asyncio.shield` or `asyncio.wait`, so that its being cancelled leaves
    the task to the others.
    """

    def __init__(self) -> None:
        self._under_way: dict[_Key, asyncio.Task[_Result]] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    def __contains__(self, key: _Key) -> bool:
        return key in self._under_way

    def join(
        self, key: _Key, work: Callable[[], Coroutine[Any, Any, _Result]]
    ) -> asyncio.Task[_Result]:
        """The task under way for this key; it is begun where there is none."""
        flight = self._under_way.get(key)
        if flight is None:
            flight = asyncio.create_task(work())
            self._under_way[key] = flight
            flight.add_done_callback(lambda _: self._under_way.pop(key, None))
        return flight
