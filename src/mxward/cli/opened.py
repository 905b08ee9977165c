"""The store as a worker opens it, at its start."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from mxward.config import Config
from mxward.domains import Domains
from mxward.store.database import Store, StoreError
from mxward.store.hearing import Hearing
from mxward.store.memory import StoredMemory

__all__ = ["Loud", "Opened", "open_store"]

Loud = Callable[..., None]
"""Puts an event with its fields into the log, marked for a person to look at."""

_TRIES = 4
_FORGOTTEN = 90 * 86400.0
"""Seconds after which an answer that nobody has asked for again is forgotten, at a start."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One connection to write by, and what is remembered; another one to hear by."""

    store: Store
    memory: StoredMemory
    hearing: Hearing


def open_store(config: Config, domains: Domains, loud: Loud, *, tidy: bool) -> Opened | None:
    """The store and what it holds. Without it the proxy runs, and defers, loudly.

    Of several workers one is enough to `tidy` it up.
    """
    for left in reversed(range(_TRIES)):
        try:
            store = Store.open(config.store.path)
            if tidy:
                store.prune(time.time() - _FORGOTTEN)
                _keep_size(len(domains), store, loud)
            hearing = Hearing(Store.open(config.store.path))
            return Opened(store, StoredMemory(store, spelled=domains.spelled), hearing)
        except StoreError as error:
            if left and "locked" in str(error):
                continue  # a backup, say: each try has waited for some seconds
            mend = "until then nothing is refused, only deferred; restart when it can be read"
            loud("store-unreadable", why=error, mend=mend)
            break
    return None


def _keep_size(domains: int, store: Store, loud: Loud) -> None:
    """Tell where a first list is less than half of what it was; it is in force all the same."""
    before = store.inventory_size()
    if domains * 2 < before:
        mend = "it is in force, for there is no other; put the old list back if it should not be"
        loud("inventory-shrank", before=before, now=domains, mend=mend)
    store.keep_inventory_size(domains)
