"""What a worker serves by: put together from a configuration, at its start and at each reload."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mxward.cli import wiring
from mxward.cli.loaded import Loaded, workers
from mxward.config import Config, ConfigError, Severity, supposing
from mxward.lookup.doors import Doors
from mxward.lookup.names import ClientNames
from mxward.metrics import Row
from mxward.metrics.asking import CountedResolver
from mxward.metrics.onward import Onward
from mxward.model import Rules, Stage, StageSet, Stored
from mxward.proxy.census import Seat
from mxward.proxy.decider import Decider
from mxward.proxy.eventlog import EventLog
from mxward.proxy.recent import Recent
from mxward.proxy.shared import Shared
from mxward.smtp.rerouting import Mark
from mxward.store.recollection import Recollection

__all__ = ["InForce", "Lasting", "Swap", "follow", "put_together", "refuse_unsafe", "safe"]

Swap = tuple[Decider, Rules, Rules]
"""Whose rules are to be others, what they were, and what they shall be."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """What a worker has from its beginning to its end, whatever is in force."""

    row: Row
    census: Seat
    onward: Onward
    eventlog: EventLog
    memory: Recollection
    memory_lost: bool
    mark: Mark
    recent: Recent
    word: Stored  # by which it began


@dataclass(frozen=True, slots=True)
class InForce:
    """What a worker serves by; a reload puts another in its place."""

    loaded: Loaded
    names: ClientNames
    doors: Doors
    decider: Decider
    shared: Shared

    @property
    def config(self) -> Config:
        return self.loaded.config

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self.shared.loop


def put_together(loaded: Loaded, lasting: Lasting, former: InForce | None) -> InForce:
    """To be called on the worker's event loop. What a `former` one has learned stays, as far as the
    same is asked for, and so does the part of the operator's word that the store holds.

    Raises ConfigError where a stage that is set there is not safe with this configuration.
    """
    word = former.decider.rules.stored if former else lasting.word
    refuse_unsafe(loaded.config, word.stages)
    rules = loaded.config.rules(loaded.reading.domains).having(word)
    return _with_rules(loaded, rules, lasting, former)


def follow(in_force: InForce, swaps: Sequence[Swap], lasting: Lasting) -> InForce:
    """Put rules in force that follow the operator's word; gives what is to be served by from now
    on. To be called on the event loop.

    Where rules are others meanwhile, they stay: the word will be heard again.
    """
    for decider, before, after in swaps:
        if decider.rules is before:
            decider.rules = after
    rules, loaded = in_force.decider.rules, in_force.loaded
    if (Stage.REROUTE in rules.in_force) is not in_force.shared.settings.apart:
        return _with_rules(loaded, rules, lasting, in_force)
    if loaded.certificates is not None:
        loaded.certificates.asks = rules.asks_for_certificates
    return in_force


def _with_rules(loaded: Loaded, rules: Rules, lasting: Lasting, former: InForce | None) -> InForce:
    config, count = loaded.config, workers(loaded.config)
    dns = CountedResolver(loaded.dns, lasting.row, time.monotonic)
    known_by = (former.config, former.doors, former.names) if former else None
    doors, names = wiring.look_ups(config, dns, lasting.memory, lasting.memory_lost, known_by)
    decider = wiring.decider(config, rules, doors, names)
    known = former.shared.settings if former else None
    if loaded.certificates is not None:
        loaded.certificates.asks = rules.asks_for_certificates
    shared = wiring.shared(
        config,
        wiring.settings(config, rules, lasting.mark, loaded.upstream, count, known),
        decider,
        lasting.eventlog,
        loaded.certificates,
        lasting.census,
        lasting.onward,
        lasting.recent,
        count,
        former.shared if former else None,
    )
    return InForce(loaded, names, doors, decider, shared)


def safe(config: Config, word: Stored) -> Stored:
    """What of the store's word may be in force at a start: no stage where one is not safe."""
    try:
        refuse_unsafe(config, word.stages)
    except ConfigError:
        return Stored(word.trust)
    return word


def refuse_unsafe(config: Config, stages: Mapping[str, StageSet]) -> None:
    """Raise ConfigError where what the store sets is a mistake with this configuration."""
    found = supposing.staged(config, {each.stage for each in stages.values()})
    mistakes = [problem for problem in found if problem.severity is Severity.ERROR]
    if mistakes:
        raise ConfigError(mistakes)
