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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa

from mxward import policy
from mxward.model import Rules, Stage
from mxward.networks import Address
from mxward.reports import epochs
from mxward.reports.engine import Engine
from mxward.reports.epochs import Doors
from mxward.reports.keys import Key, arrivals
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
    engine.lend("epochs", epochs.epoch_table(begins))
    with _uncollected():
        folded = _fold(engine, rules, {})
        over = _over(folded, facts, server, rules)
        if any(len(doors.since) > 1 for doors in over.values()):
            folded = _fold(engine, rules, over)
        judging = Judging(rules, facts, server, begins, over)
        engine.lend("verdicts", judging.verdicts(folded, progress))
    engine.set_up("judged")
    return judging.asked


def _fold(engine: Engine, rules: Rules, over: Mapping[str, Doors]) -> pa.Table:
    """Each distinct key, where a domain's door may have changed in the time of its mail."""
    engine.lend("spans", epochs.span_table(over))
    engine.set_up(
        "keyed",
        by_server=not rules.own,
        by_sender=any(trust.senders for trust in rules.trust),
        by_name=bool(rules.trusted_names),
        doors=epochs.DOORS,
    )
    return engine.ask("keys")


def _over(folded: pa.Table, facts: Facts, server: Address, rules: Rules) -> dict[str, Doors]:
    """By the recipient's key, the front doors that are remembered for the time of its mail."""
    times = folded.group_by("key_recipient").aggregate([("first_at", "min"), ("last_at", "max")])
    periods = {
        row["key_recipient"]: (row["first_at_min"].timestamp(), row["last_at_max"].timestamp())
        for row in times.to_pylist()
    }
    asked = arrivals((Key("", "", recipient, "", "", "", 0) for recipient in periods), server)
    wanted = {
        recipient: domain
        for recipient, arrival in zip(periods, asked, strict=True)
        if recipient and (domain := policy.needs(arrival, rules).front_door)
    }
    if not wanted:
        return {}
    first = min(periods[recipient][0] for recipient in wanted)
    last = max(periods[recipient][1] for recipient in wanted)
    thens = facts.doors_then(set(wanted.values()), first, last)
    return {
        recipient: Doors.of(thens[domain], *periods[recipient], rules)
        for recipient, domain in wanted.items()
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
