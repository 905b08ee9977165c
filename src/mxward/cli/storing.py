"""What a worker has to do with its store while it serves: it writes what was learned and decided,
and hears what the operator says.

A store that fails is told once, and once when it works again. Mail goes on by what is in memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import inf
from typing import Protocol

from mxward.cli.in_force import Swap, refuse_unsafe
from mxward.cli.opened import Loud, Opened
from mxward.config import Config, ConfigError
from mxward.lookup.doors import Doors
from mxward.model import Stored
from mxward.proxy.decider import Decider
from mxward.proxy.recent import Recent
from mxward.store.database import StoreError

__all__ = ["Serving", "Storing"]

_PRUNED_EVERY = 3600.0


class Serving(Protocol):
    """What is in force, of whoever serves."""

    @property
    def config(self) -> Config: ...

    @property
    def decider(self) -> Decider: ...

    @property
    def doors(self) -> Doors: ...

    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...


class Storing:
    """The chores of one worker's store. `hear_word` is for another thread than the others.

    `deciders` gives all whose rules must follow the operator's word; `heard` is given the rules
    that do, made beside whoever serves. `speaks`: of several workers this is the one that does what
    one is enough for.
    """

    def __init__(
        self,
        opened: Opened | None,
        recent: Recent,
        current: Callable[[], Serving],
        deciders: Callable[[], Sequence[Decider]],
        heard: Callable[[Sequence[Swap]], object],
        loud: Loud,
        *,
        speaks: bool,
    ) -> None:
        self._opened = opened
        self._recent = recent
        self._current = current
        self._deciders = deciders
        self._heard = heard
        self._loud = loud
        self._speaks = speaks
        self._failing: dict[str, str] = {}
        self._refused: tuple[Stored, Config] | None = None
        self._kept_size = len(current().decider.rules.inventory)  # as `open_store` has left it
        self._pruned = -inf

    def keep_memory(self) -> None:
        """Write what was looked up and the inventory's size; hear what the operator accepted."""
        if self._opened is None:
            return
        store, memory = self._opened.store, self._opened.memory
        with self._telling("keep_memory"):
            memory.drain()
            if memory.reread():
                self._current().loop.call_soon_threadsafe(lambda: self._current().doors.refresh())
            domains = len(self._current().decider.rules.inventory)
            if self._speaks and domains != self._kept_size:
                store.keep_inventory_size(domains)
                self._kept_size = domains
        dropped, memory.dropped = memory.dropped, 0
        if dropped:
            self._loud("memory-dropped", answers=dropped)

    def keep_decisions(self) -> None:
        """Write what came by the back door or was not let in, and findings."""
        if self._opened is not None:
            decided = self._opened.store.decided
            with self._telling("keep_decisions"):
                self._recent.write(decided)
                now = time.monotonic()
                if self._speaks and now - self._pruned >= _PRUNED_EVERY:
                    self._pruned = now
                    decided.prune(time.time())
        dropped, self._recent.dropped = self._recent.dropped, 0
        if dropped:
            self._loud("decisions-dropped", decisions=dropped)

    def hear_word(self) -> None:
        """Have every decider follow what the operator has said by `mxward trust` and `stage`."""
        if self._opened is None:
            return
        hearing = self._opened.hearing
        with self._telling("hear_word"):
            hearing.listen()
        word, config = hearing.word, self._current().config
        behind = [each for each in self._deciders() if each.rules.stages_set is not word.stages]
        if not behind or self._is_refused(word, config):
            return
        try:
            refuse_unsafe(config, word.stages)
        except ConfigError as error:
            self._refused = word, config
            mend = "what was in force before stays; mend the configuration, then reload"
            self._loud("word-refused", why=error, mend=mend)
        else:
            self._heard([(each, each.rules, each.rules.having(word)) for each in behind])

    def _is_refused(self, word: Stored, config: Config) -> bool:
        refused = self._refused
        return refused is not None and refused[0] is word and refused[1] is config

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            if self._failing.get(what) != str(error):
                self._failing[what] = str(error)
                self._loud(
                    "store-failed",
                    what=what,
                    why=error,
                    mend="it is tried again, and mail goes on meanwhile",
                )
        else:
            if self._failing.pop(what, None):
                self._loud("store-works", what=what)
