"""What was found, made into a report: with the remarks on what it does not know, and why."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mxward.audit.baseline import Baseline
from mxward.audit.changes import Before
from mxward.audit.doors import Means
from mxward.audit.findings import Server
from mxward.audit.listing import Listing
from mxward.audit.report import Against, Report, put_together
from mxward.cli.audit_given import MOST_NAMED
from mxward.cli.audit_run import Run
from mxward.config import Config
from mxward.lookup.probing import Politeness
from mxward.networks import Network
from mxward.smtp.auditmark import key_from
from mxward.store.database import Store, StoreError

__all__ = ["Wish", "report_of"]

_DEFAULT = Path("/etc/mxward/mxward.toml")
_EXAMPLES = 3


@dataclass(slots=True)
class Wish:
    """What the operator asked for."""

    path: Path
    listed: Listing
    probe: bool
    yes: Sequence[Network]
    server: Server | None
    once: bool
    gap: float
    baseline: Baseline | None
    only_new: bool
    keyless: str = ""  # why marks cannot be read

    def manners(self, config: Config) -> dict[str, Any]:
        """How it is probed, and the key that an mxward is known by."""
        politeness = Politeness(gap=self.gap)
        if self.once:
            politeness = replace(politeness, retries=())
        return {"politeness": politeness, "key": self._key(config) if self.probe else b""}

    def _key(self, config: Config) -> bytes:
        try:
            store = Store.open(config.store.path, read_only=True)
        except StoreError as error:
            self.keyless = f"an mxward could not be told by its mark: {error}"
            return b""
        try:
            return key_from(store.mark_key())
        except StoreError as error:
            self.keyless = f"an mxward could not be told by its mark: {error}"
            return b""
        finally:
            store.close()

    def command(self) -> tuple[str, ...]:
        """What tests a server again."""
        words = ["mxward", "audit", "--probe"]
        if self.path != _DEFAULT:
            words += ["--config", str(self.path)]
        for network in self.yes:
            words += ["--yes-these-are-mine", str(network)]
        return tuple(words)


def report_of(
    run: Run, wish: Wish, started_at: float, finished_at: float, *, before: Mapping[str, Before]
) -> Report:
    """Judge what was found. `before`: the front doors as they were, where no baseline tells."""
    ledger = run.ledger
    waivers = [
        table.waiver(run.config.place("waivers", index))
        for index, table in enumerate(run.config.waivers)
    ]
    fronts = wish.baseline.fronts if wish.baseline else before
    against = Against(wish.baseline, fronts, run.published)
    means = Means(finished_at, waivers, wish.command())
    findings = put_together(ledger, means, wish.listed, against, only=wish.server)
    return Report(
        findings,
        ledger,
        started_at,
        finished_at,
        probed=wish.probe,
        partial=run.partial,
        not_looked_at=len(run.domains) - len(ledger.domains),
        remarks=list(_remarks(run, wish)),
        only_new=wish.only_new,
        baseline=wish.baseline is not None,
        command=shlex.join(wish.command()),
        config=str(wish.path),
        sources=sorted(map(str, ledger.sources)),
    )


def _remarks(run: Run, wish: Wish) -> Iterator[str]:
    listed, ledger = wish.listed, run.ledger
    if listed.refused:
        count = len(listed.refused) + listed.left_out
        yield f"{count:,} entries of the list are no domains that can be audited, and were left out"
    if listed.twice:
        yield f"{listed.twice:,} domains are listed more than once"
    if wish.probe:
        yield from _about_strangers(run)
        servers = len(ledger.probed)
        yield f"{run.sessions:,} sessions with {servers:,} addresses, {run.commands:,} commands"
        if wish.keyless:
            yield wish.keyless
    if len(run.config.own) > MOST_NAMED and wish.server is None:
        yield (
            f"more than {MOST_NAMED} mail servers are named in the configuration: only those were "
            "looked at that a name leads to"
        )
    for name in sorted(run.networks.failed):
        yield f"the SPF names of {name} could not be looked up whole"


def _about_strangers(run: Run) -> Iterator[str]:
    strangers = run.ledger.strangers()
    if not strangers:
        return
    first = [f"{address} ({lead})" for address, lead in list(strangers.items())[:_EXAMPLES]]
    yield (
        f"{len(strangers):,} addresses are not yours as far as the configuration tells, so they "
        f"were not probed: {', '.join(first)}{' ...' if len(strangers) > _EXAMPLES else ''}; if "
        "some are, list them in networks of [audit], or say --yes-these-are-mine NETWORK"
    )
