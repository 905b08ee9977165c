"""What the store says beside the configuration, judged as the configuration is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from mxward.cli.origins import moment
from mxward.cli.trust_shown import is_over, who
from mxward.config import Config, Problem, Severity, supposing
from mxward.domains import Domains
from mxward.model import EVERY, Stored
from mxward.store.database import Store, StoreError

__all__ = ["judge", "read"]

_SHOWN = 10  # of one kind


def read(config: Config) -> tuple[Stored | None, list[Problem]]:
    """What is set there; nothing where there is no store. One that cannot be read is told."""
    path = Path(config.store.path)
    if not path.exists():
        return None, []
    try:
        with closing(Store.open(path, read_only=True)) as store:
            return store.word(), []
    except StoreError as error:
        text = f"store.path: {error}; what mxward trust and stage have set is not known here"
        return None, [Problem(config.place("store", "path"), text, Severity.WARNING)]


def judge(config: Config, word: Stored, domains: Domains) -> Iterator[Problem]:
    """What is wrong with it, or should be known."""
    yield from supposing.staged(config, {found.stage for found in word.stages.values()})
    now = time.time()
    over = [trust for trust in word.trust if is_over(trust, now)]
    for trust in over[:_SHOWN]:
        text = f"{who(trust)} is trusted no longer, since {moment(trust.expires or 0.0)}"
        mend = f"ask {trust.owner}, then mxward trust expire --at, or mxward trust remove"
        yield Problem(trust.place, f"{text} ({trust.note}); {mend}", Severity.WARNING)
    strange = [
        what
        for what in word.stages
        if what != EVERY and not what.startswith("*.") and what not in domains
    ]
    for what in strange[:_SHOWN]:
        text = f'"{what}" has a stage and is not in the inventory, so nothing is done for it'
        yield Problem("store", text, Severity.WARNING)
    more = max(len(over) - _SHOWN, 0) + max(len(strange) - _SHOWN, 0)
    if more:
        yield Problem("store", f"{more:,} more like these", Severity.WARNING)
