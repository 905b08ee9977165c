"""What a run of `mxward lockdown dns` prints: what was written, what waits, what could not be."""

from __future__ import annotations

from typing import Any

import click

from mxward.cli.lockdown_dns_files import Folder
from mxward.cli.lockdown_dns_given import Asked
from mxward.cli.options import remark
from mxward.cli.screen import as_json
from mxward.lockdown.dns.about import About, count, waiting
from mxward.lockdown.dns.tally import Tally

__all__ = ["tell"]

_SHOWN = 5


def tell(asked: Asked, tally: Tally, folder: Folder, about: About) -> None:
    """For people, or with --json for programs."""
    if asked.json:
        click.echo(as_json(_as_object(tally, folder, about)))
        return
    if not asked.shows:
        own = f"; the mail server is the MX of {len(tally.own):,}" if tally.own else ""
        click.echo(f"{count(tally.domains, 'domain')} looked at{own}")
        for step, told in tally.ordered():
            wait = about.wait(told.wait)
            then = f", then wait {waiting(wait)}" if wait and told.pending else ""
            done = f"; done before: {told.zones - told.pending:,}" * (told.zones > told.pending)
            click.echo(f"  {step}: {count(told.pending, 'zone')}{then}{done}")
        if tally.stays:
            click.echo(f"  {count(len(tally.stays), 'name')} to stay; PLAN.md says why")
        what = "would be other" if asked.compares else "written"
        click.echo(
            f"{folder.place}: {count(folder.changed, 'file')} {what}, the others are as they were"
        )
        if not asked.compares:
            click.echo(f"Go on with {folder.place / 'PLAN.md'}")
    for name, why in (*tally.unsure, *tally.refused)[:_SHOWN]:
        remark(f"{name}: {why}")
    more = len(tally.unsure) + len(tally.refused) - _SHOWN
    if more > 0:
        remark(f"and {more:,} more; all are in domains.jsonl")


def _as_object(tally: Tally, folder: Folder, about: About) -> dict[str, Any]:
    move = about.move
    return {
        "way": str(tally.way),
        "place": str(folder.place),
        "changed": folder.changed,
        "new_name": move.name if move else None,
        "domains": tally.domains,
        "steps": {
            step: {
                "zones": told.zones,
                "pending": told.pending,
                "wait": told.wait,
                "folders": list(told.folders),
            }
            for step, told in tally.ordered()
        },
        "scanners": dict(sorted(tally.scanners.items())),
        "own": tally.own,
        "stays": [{"name": s.name, "why": s.why, "even_so": s.anyway} for s in tally.stays],
        "breaks": {
            str(what): {"count": tally.counts[what], "first": texts}
            for what, texts in tally.breaks.items()
        },
        "unsure": dict(tally.unsure),
        "refused": dict(tally.refused),
        "left_out": dict(tally.left_out),
    }
