"""Logs, or directories of what they told, with what the rule says of every arrival in them."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mxward.cli.facts import LookUps
from mxward.cli.inquiry import server_of
from mxward.cli.options import fail, problems
from mxward.cli.progress import counting
from mxward.config import Config, load
from mxward.domains import Domains
from mxward.inventory import Inventory
from mxward.maillog.logged import Tally
from mxward.model import FrontDoor, Known, Rules, Stage
from mxward.networks import Address
from mxward.reports.deciding import Asked, Rested, judge, under
from mxward.reports.engine import Engine, EngineError
from mxward.reports.ingest import ingest, zone_named
from mxward.reports.page import counted
from mxward.reports.parquet import is_table, tallies_of
from mxward.store.database import Store, StoreError

__all__ = ["Judged", "judged"]

_RESTED = {
    Rested.THEN: "remembered_for_that_time",
    Rested.TODAY: "today",
    Rested.MEMORY: "remembered_as_the_dns_failed",
    Rested.NOTHING: "not_known",
}


@dataclass(slots=True)
class Judged:
    """What the questions can be asked of."""

    engine: Engine
    config: Config
    inventory: Domains
    rules: Rules
    asked: Asked
    tallies: dict[str, Tally]  # by log
    problems: list[str]  # what could not be read
    remarks: list[str] = field(default_factory=list)

    def rests_on(self) -> dict[str, Any]:
        """Which front doors were used, for programs: for how many recipients."""
        counts = {name: self.asked.rested[rested] for rested, name in _RESTED.items()}
        return {"domains": len(self.asked.doors), "recipients": counts}


@contextmanager
def judged(
    path: Path,
    names: Sequence[str],
    zone: str | None,
    offline: bool,
    cluster: str | None,
    supposed: Stage | None = None,
) -> Iterator[Judged]:
    """Read the logs, and judge by configuration and store, with the `supposed` stage for every
    domain.

    Mistakes of the user end the command with one line; EngineError does as well.
    """
    with problems():
        config = load(path)
        inventory = Inventory(config.inventory, config.place("inventory")).read().domains
        store, rules, remarks = _recalled(config, inventory)
        if supposed is not None:
            rules = under(supposed, rules)
        facts = LookUps(config, rules, store, offline=offline)
    with tempfile.TemporaryDirectory(prefix="mxward-logs-") as scratch:
        try:
            engine, tallies, troubles = _opened(names, zone, cluster, Path(scratch))
            server = server_of(config)
            with counting("front doors") as progress:
                asked = judge(engine, rules, facts, server, progress)
            remarks = [*_on_doors(asked, rules.own or {server}, offline), *remarks]
            yield Judged(engine, config, inventory, rules, asked, tallies, troubles, remarks)
            engine.close()
        except EngineError as error:
            fail(str(error))


def _recalled(config: Config, inventory: Domains) -> tuple[Store | None, Rules, list[str]]:
    """The store where there is one, and the rules with the operator's word in it."""
    rules = config.rules(inventory)
    try:
        store = Store.open(config.store.path, read_only=True)
        return store, rules.having(store.word()), []
    except StoreError as error:
        return None, rules, [f"nothing is remembered: {error}"]


def _opened(
    names: Sequence[str], zone: str | None, cluster: str | None, scratch: Path
) -> tuple[Engine, dict[str, Tally], list[str]]:
    if cluster is not None:
        from mxward.reports.spark import SparkEngine

        return SparkEngine(cluster, list(names)), {}, []
    from mxward.reports.duck import DuckEngine

    tables = [Path(name) for name in names if name != "-" and is_table(Path(name))]
    logs = [name for name in names if Path(name) not in tables]
    tallies: dict[str, Tally] = {}
    troubles: list[str] = []
    if logs:
        outcome = ingest(logs, scratch, zone=zone_named(zone))
        tallies |= outcome.tallies
        troubles += outcome.problems
    for table in tables:
        tallies |= tallies_of(table)
    return DuckEngine([scratch, *tables]), tallies, troubles


def _on_doors(asked: Asked, own: Collection[Address], offline: bool) -> Iterator[str]:
    """Which front doors the decisions rested on, in sentences."""
    rested, recipients = asked.rested, asked.rested.total()
    if not recipients:
        return
    told = [
        (rested[Rested.THEN], "remembered for the time of the mail"),
        (rested[Rested.TODAY], "of today"),
        (rested[Rested.MEMORY], "remembered last, for they could not be looked up"),
    ]
    by = "; ".join(f"{count:,} by those {text}" for count, text in told if count)
    if by:
        judged = counted(recipients - rested[Rested.NOTHING], "recipient")
        yield f"front doors by which {judged} were judged: {by}"
    if rested[Rested.NOTHING]:
        mend = "run it without --offline" if offline else "look at [dns] in the configuration"
        unknown = counted(rested[Rested.NOTHING], "recipient")
        yield f"front doors of {unknown} could not be known: {mend}"
    bare = [domain for domain, doors in asked.doors.items() if doors and _bare(doors[-1], own)]
    if bare:
        told_of = f"{bare[0]} and {len(bare) - 1:,} more" if len(bare) > 1 else bare[0]
        yield f"MX that lead to no scanner that is declared, nor to the mail server: {told_of}"


def _bare(door: FrontDoor, own: Collection[Address]) -> bool:
    return door.state is Known.FOUND and not door.scanners and door.addresses.isdisjoint(own)
