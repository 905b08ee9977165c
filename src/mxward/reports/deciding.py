"""The rule, asked once for each distinct key, and the answers joined back: one rule, at the
engine's speed.

What a decision depends on is little: client, recipient's domain, whether it has authenticated, the
front door of that time, and only where an entry of [[trust]] asks for it, the sender's domain and
the client's name. `keyed.sql` puts that into columns, `keys.sql` folds them, `policy.decide`
answers for each, and `judged.sql` joins what it said.

Not told by logs, so never an identity here: the names in a client's certificate.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa

from mxward.model import Rules, Stage
from mxward.networks import Address
from mxward.reports import epochs
from mxward.reports.engine import Engine
from mxward.reports.epochs import Doors
from mxward.reports.keys import door_needed
from mxward.reports.verdicts import Asked, Facts, Judging, Progress, Rested

__all__ = ["Asked", "Facts", "Rested", "judge", "under"]


def under(stage: Stage, rules: Rules) -> Rules:
    """The same rules with one stage for every domain: what if?"""
    return replace(rules, stage=stage, stages={}, stages_set={})


def judge(
    engine: Engine,
    rules: Rules,
    facts: Facts,
    server: Address,
    progress: Progress = lambda done, of: None,
) -> Asked:
    """Let the questions use `judged`: every accepted arrival, and what the rule says of it.

    `server` is where clients connect to, for logs that do not tell; `progress` hears how many of
    how many front doors are known. Raises EngineError.
    """
    begins = epochs.epochs(rules)
    with _uncollected():
        _fold_by_key(engine, rules, "timeless")
        folded = engine.ask("keys")
        over = _over(folded, facts, rules)
        if len(begins) > 1 or any(len(doors.since) > 1 for doors in over.values()):
            engine.lend("epochs", epochs.epoch_table(begins))
            engine.lend("spans", epochs.span_table(over))
            _fold_by_key(engine, rules, "timed", doors=epochs.DOORS)
            folded = engine.ask("keys")
        folded = folded.sort_by("key_recipient")  # quicker: domains are known by then
        judging = Judging(rules, facts, server, begins, over)
        engine.lend("verdicts", judging.verdicts(folded, progress))
    engine.set_up("judged")
    return judging.asked


def _fold_by_key(engine: Engine, rules: Rules, timed: str, **parameters: int) -> None:
    """Let `keyed` have one key for all arrivals of which the rule must say the same."""
    engine.set_up("timed", timed, **parameters)
    engine.set_up(
        "keyed",
        by_server=not rules.own,
        by_sender=any(trust.senders for trust in rules.trust),
        by_name=bool(rules.trusted_names),
    )


def _over(folded: pa.Table, facts: Facts, rules: Rules) -> dict[str, Doors]:
    """By the recipient's key, the front doors that are remembered for the time of its mail."""
    recipients = folded.group_by("key_recipient")
    table = recipients.aggregate([("first_at", "min"), ("last_at", "max")])
    names, *times = table.columns
    begins, ends = (column.cast(pa.int64()).to_pylist() for column in times)  # microseconds
    wanted = {
        recipient: (domain, first / 1e6, last / 1e6)
        for recipient, first, last in zip(names.to_pylist(), begins, ends, strict=True)
        if (domain := door_needed(recipient, rules))
    }
    if not wanted:
        return {}
    thens = facts.doors_then(
        {domain for domain, _, _ in wanted.values()},
        min(first for _, first, _ in wanted.values()),
        max(last for _, _, last in wanted.values()),
    )
    return {
        recipient: Doors.of(thens[domain], first, last, rules)
        for recipient, (domain, first, last) in wanted.items()
        if domain in thens
    }


@contextmanager
def _uncollected() -> Iterator[None]:
    """Make a million objects without looking for garbage among them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
