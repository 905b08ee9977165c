"""One run of `mxward lockdown`, whatever the way: ask, plan, write or compare, tell."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mxward.cli.lockdown_asking import plan_of
from mxward.cli.lockdown_files import changes, difference, put
from mxward.cli.lockdown_options import Asked
from mxward.cli.lockdown_readme import readme
from mxward.cli.options import fail, problems, remark
from mxward.cli.screen import as_json
from mxward.config import Config, load
from mxward.lockdown import ledger
from mxward.lockdown.ledger import Ledger
from mxward.lockdown.plan import Plan
from mxward.lockdown.written import Written

__all__ = ["KEPT", "OTHER", "Write", "run"]

KEPT, OTHER = 3, 4
"""Exit codes: old rules stay for some domains; what is installed is something else."""
_SHOWN = 5

Write = Callable[[Plan, Config, Ledger], Written]
"""A way: from the plan, the configuration, and what was written before. May raise ValueError with
one line for the operator."""


def run(asked: Asked, write: Write) -> None:
    """Do what was asked, and end with the exit code that tells how it went."""
    with problems():
        config = load(asked.path)
        before = _before(asked)
        found = plan_of(config, asked, before)
    try:
        written = write(found, config, before)
    except ValueError as error:
        fail(str(error))
    files = _files(written, found, asked)
    place = asked.installed if asked.compares else asked.out
    try:
        changed = changes(place, files)
        if not asked.compares:
            put(place, files, before.files)
    except OSError as error:
        fail(f"{error.filename or place}: {error.strerror}")
    if asked.shows:
        click.echo(difference(place, files), nl=False)
    if asked.compares:
        for each in written.unmet:
            remark(each)
    _tell(asked, found, written, changed)
    sys.exit(_code(asked, found, written, changed))


def _before(asked: Asked) -> Ledger:
    """What was written before: what is installed goes before what was only written out."""
    for place in (asked.installed, asked.out):
        path = place / ledger.FILE
        try:
            return ledger.read(path.read_text("utf-8"))
        except FileNotFoundError:
            continue
        except OSError as error:
            fail(f"{path}: {error.strerror}")
        except ValueError as error:
            mend = "put the file of the last run back, or remove it: no old rule is kept then"
            fail(f"{path}: {error}; {mend}")
    return Ledger()


def _files(written: Written, found: Plan, asked: Asked) -> dict[str, bytes]:
    told = {
        name: text.encode() if isinstance(text, str) else text
        for name, text in written.files.items()
    }
    told["README.md"] = readme(written, found, asked).encode()
    told[ledger.FILE] = ledger.text(found.groups, told).encode()
    return told


def _code(asked: Asked, found: Plan, written: Written, changed: list[str]) -> int:
    if asked.compares and (written.unmet or [name for name in changed if name != "README.md"]):
        return OTHER
    return KEPT if found.kept else 0


def _tell(asked: Asked, found: Plan, written: Written, changed: list[str]) -> None:
    if asked.json:
        click.echo(as_json(_as_object(asked, found, changed)))
        return
    if not asked.shows:
        verdicts = list(found.verdicts.values())
        by = ", ".join(f"{verdicts.count(v):,} {v}" for v in dict.fromkeys(sorted(verdicts)))
        click.echo(f"{written.title}: {_counted(len(verdicts), 'domain')} ({by or 'none'})")
        for each in _some(found.left_out):
            click.echo(f"  left out: {each}")
        what = "would be other" if asked.compares else "written"
        place = asked.installed if asked.compares else asked.out
        click.echo(f"{place}: {_counted(len(changed), 'file')} {what}, the others are as they were")
        if not asked.compares:
            click.echo(f"Go on with {Path(place) / 'README.md'}")
    for kept in found.kept[:_SHOWN]:
        stays = "its old rule stays" if kept.had else "it gets no rule"
        remark(f"{kept.domain}: {kept.why}: {stays}")
    if len(found.kept) > _SHOWN:
        remark(f"and {len(found.kept) - _SHOWN:,} more; all are in the README")


def _some(left_out: tuple[Any, ...]) -> list[str]:
    """By reason, how many."""
    counts: dict[str, list[str]] = {}
    for each in left_out:
        counts.setdefault(each.why, []).append(each.domain)
    return [
        f"{names[0]}: {why}" if len(names) == 1 else f"{_counted(len(names), 'domain')}: {why}"
        for why, names in counts.items()
    ]


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _as_object(asked: Asked, found: Plan, changed: list[str]) -> dict[str, Any]:
    return {
        "place": str(asked.installed if asked.compares else asked.out),
        "changed": changed,
        "domains": dict(found.verdicts),
        "left_out": {each.domain: each.why for each in found.left_out},
        "kept": [{"domain": k.domain, "why": k.why, "had": k.had} for k in found.kept],
    }
