"""Logs, or directories of what they told, with what the rule says of every arrival in them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mxward.cli.facts import LookUps
from mxward.cli.options import fail, problems
from mxward.cli.progress import counting
from mxward.config import Config, load
from mxward.domains import Domains
from mxward.inventory import Inventory
from mxward.maillog.logged import Tally
from mxward.model import Known, Rules, Stage
from mxward.networks import Address
from mxward.reports.deciding import Asked, judge, under
from mxward.reports.engine import Engine, EngineError
from mxward.reports.ingest import ingest, zone_named
from mxward.reports.parquet import is_table, tallies_of

__all__ = ["Judged", "judged", "server_of"]


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
        """Which front doors were used, for programs."""
        return {
            "domains": len(self.asked.doors),
            "remembered": self.asked.remembered(),
            "failed": self.asked.failed(),
        }


@contextmanager
def judged(
    path: Path,
    names: Sequence[str],
    zone: str | None,
    offline: bool,
    cluster: str | None,
    supposed: Stage | None = None,
) -> Iterator[Judged]:
    """Read the logs, and judge by the configuration, with the `supposed` stage for every domain.

    Mistakes of the user end the command with one line; EngineError does as well.
    """
    with problems():
        config = load(path)
        inventory = Inventory(config.inventory, config.place("inventory")).read().domains
        rules = config.rules(inventory)
        if supposed is not None:
            rules = under(supposed, rules)
        facts = LookUps(config, rules, offline=offline)
    with tempfile.TemporaryDirectory(prefix="mxward-logs-") as scratch:
        try:
            engine, tallies, troubles = _opened(names, zone, cluster, Path(scratch))
            with counting("front doors") as progress:
                asked = judge(engine, rules, facts, server_of(config), progress)
            told = Judged(engine, config, inventory, rules, asked, tallies, troubles)
            told.remarks += _remarks(told, facts, offline)
            yield told
            engine.close()
        except EngineError as error:
            fail(str(error))


def server_of(config: Config) -> Address:
    """Where clients connect to, as far as the configuration tells."""
    listening = [end.address for end in config.listeners if end.address]
    return (*config.server.addresses, *config.intercept.addresses, *listening)[0]


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


def _remarks(told: Judged, facts: LookUps, offline: bool) -> list[str]:
    doors = told.asked.doors.values()
    remembered, failed = told.asked.remembered(), told.asked.failed()
    today = len(doors) - remembered - failed
    remarks = [f"front doors of {len(doors):,} domains: {today:,} as they are today"]
    if remembered:
        remarks.append(f"{remembered:,} as remembered, for they could not be looked up")
    if failed:
        mend = "run it without --offline" if offline else "look at [dns] in the configuration"
        remarks.append(f"{failed:,} could not be known; {mend}")
    if any(door.state is Known.FOUND and not door.scanners for door in doors):
        bare = sum(door.state is Known.FOUND and not door.scanners for door in doors)
        remarks.append(f"{bare:,} lead to no scanner that is declared")
    told_of = ["; ".join(remarks)] if doors else []
    return [*told_of, *([facts.remark] if facts.remark else [])]
