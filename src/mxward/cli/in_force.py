"""What a worker serves by: put together from a configuration, at its start and at each reload."""

from __future__ import annotations

import time
from dataclasses import dataclass

from mxward.cli import wiring
from mxward.cli.loaded import Loaded, workers
from mxward.lookup.doors import Doors
from mxward.lookup.names import ClientNames
from mxward.metrics import Row
from mxward.metrics.asking import CountedResolver
from mxward.metrics.onward import Onward
from mxward.proxy.census import Seat
from mxward.proxy.decider import Decider
from mxward.proxy.eventlog import EventLog
from mxward.proxy.shared import Shared
from mxward.smtp.rerouting import Mark
from mxward.store.recollection import Recollection

__all__ = ["InForce", "Lasting", "put_together"]


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


@dataclass(frozen=True, slots=True)
class InForce:
    """What a worker serves by; a reload puts another in its place."""

    loaded: Loaded
    names: ClientNames
    doors: Doors
    decider: Decider
    shared: Shared


def put_together(loaded: Loaded, lasting: Lasting, former: InForce | None) -> InForce:
    """To be called on the worker's event loop. What a `former` one has learned stays, as far as the
    same is asked for.
    """
    config, count = loaded.config, workers(loaded.config)
    rules = config.rules(loaded.reading.domains)
    before = former.loaded.config if former else None
    dns = CountedResolver(loaded.dns, lasting.row, time.monotonic)
    if former and before and before.dns == config.dns:
        names = former.names
    else:
        names = ClientNames(dns, time.time)
    if former and before and (before.dns, before.scanners) == (config.dns, config.scanners):
        doors = former.doors
    else:
        doors = Doors(
            dns, rules.scanners, lasting.memory, time.time, memory_lost=lasting.memory_lost
        )
    decider = wiring.decider(config, rules, doors, names)
    known = former.shared.settings if former else None
    shared = wiring.shared(
        config,
        wiring.settings(config, lasting.mark, loaded.upstream, count, known),
        decider,
        lasting.eventlog,
        loaded.certificates,
        lasting.census,
        lasting.onward,
        count,
        former.shared if former else None,
    )
    return InForce(loaded, names, doors, decider, shared)
