"""`mxward stage`: how far domains have come in closing their back door."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import click

from mxward.cli import stage_changes, stage_set, stage_shown
from mxward.cli.options import CONFIGURATION, config_option, fail, json_option, remark
from mxward.cli.screen import Screen, as_json
from mxward.cli.stage_set import Given
from mxward.cli.word import Word, by_option, note_text, word_of
from mxward.config import ConfigError, Severity
from mxward.config.names import domains
from mxward.domains import Domains
from mxward.model import EVERY, Stage
from mxward.store.database import StoreError

__all__ = ["stage"]

_HELP = """Show and set how far domains have come: observe, defer, refuse or reroute.

What is set here stands in mxward's store and goes before the configuration; a running proxy follows
within a second. DOMAIN is a domain of the inventory, or *.DOMAIN for all below one; --all means all
domains. The nearest counts: a domain's own, then *.DOMAIN, then --all.

A domain is held back where it would come further while its last days hold senders by the back door
that look honest and are not trusted: it stays where it is, who they are is told, and the commands
that trust them. All others are set. --force sets it all the same, and the history says so.

--roll-back undoes the last change: all that was changed together, or the last one of each DOMAIN.

\b
Examples: mxward stage it.co.za
          mxward stage --set defer it.co.za example.org
          mxward stage --set reroute --all --logs /var/log/exim4/mainlog.1
          mxward stage --roll-back --note "customers complain"
          mxward stage --history

Exit codes: 0 fine, 1 something was held back, or the store cannot be used, 2 wrong usage, 78 wrong
configuration.
"""


@click.command(help=_HELP)
@config_option
@json_option
@by_option
@click.argument("names", metavar="[DOMAIN]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="For all domains.")
@click.option("--set", "wanted", type=click.Choice([each.value for each in Stage]), help="Set it.")
@click.option("--roll-back", is_flag=True, help="Undo the last change.")
@click.option("--history", is_flag=True, help="Show who changed what, and when.")
@click.option("--note", default="", metavar="TEXT", help="Why, for the history.")
@click.option("--force", is_flag=True, help="Hold nothing back.")
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=14,
    show_default=True,
    help="How far back honest senders are looked for among what the proxy has seen.",
)
@click.option("--logs", metavar="LOG", multiple=True, help="Look for them in logs too; repeatable.")
@click.option("--zone", metavar="ZONE", help="The time zone of logs that do not tell theirs.")
def stage(
    path: Path,
    json: bool,
    by: str,
    names: Sequence[str],
    everything: bool,
    wanted: str | None,
    roll_back: bool,
    history: bool,
    note: str,
    force: bool,
    days: int,
    logs: Sequence[str],
    zone: str | None,
) -> None:
    """Find out what is asked, and do it."""
    if sum((wanted is not None, roll_back, history)) > 1:
        raise click.UsageError("--set, --roll-back and --history are three things; give one")
    if names and everything:
        raise click.UsageError("--all is all domains; give it, or DOMAIN")
    word = word_of(path)
    targets = [EVERY] if everything else [_target(name, word.inventory) for name in names]
    given = Given(path, by, note_text(note) if note else "", force, days, tuple(logs), zone)
    if wanted is not None:
        if not targets:
            raise click.UsageError("which domains? give DOMAIN, *.DOMAIN or --all")
        _change(word, targets, Stage(wanted), given, json=json)
    elif roll_back:
        _change(word, targets, None, given, json=json)
    elif history:
        _show_history(word, targets, json=json)
    else:
        _show(word, targets, json=json)


def _target(text: str, inventory: Domains) -> str:
    """A domain of the inventory, or all below one. What is none is told in one line."""
    try:
        name = domains(text)
    except ValueError as error:
        mend = "write --all" if text == "*" else None
        raise click.UsageError(f'"*": for all domains, {mend}' if mend else str(error)) from None
    if name.startswith("*."):
        if any(known.endswith(name[1:]) for known in inventory):
            return name
        raise click.UsageError(f'"{name}": nothing below {name[2:]} is in the inventory')
    if name in inventory:
        return name
    known = [each for each in inventory if each[:1] == name[:1]][:50_000]
    near = get_close_matches(name, known, n=1)
    mend = f'; did you mean "{near[0]}"?' if near else ""
    raise click.UsageError(f'"{name}" is not in the inventory{mend}')


def _change(
    word: Word, targets: Sequence[str], wanted: Stage | None, given: Given, *, json: bool
) -> None:
    try:
        if wanted is None:
            outcome = stage_set.roll_back(word, targets, given)
        else:
            outcome = stage_set.set_stage(word, targets, wanted, given)
    except StoreError as error:
        fail(str(error))
    except ConfigError as error:
        for problem in error.problems:
            remark(str(problem))
        sys.exit(CONFIGURATION)
    for problem in outcome.problems:
        if problem.severity is Severity.WARNING:
            remark(str(problem))
    if json:
        click.echo(as_json(stage_changes.outcome_as_object(outcome)))
    else:
        stage_changes.show_outcome(Screen(), outcome, given)
    if outcome.held and not given.force:
        sys.exit(1)


def _show(word: Word, targets: Sequence[str], *, json: bool) -> None:
    remark(word.remark)
    if json:
        click.echo(as_json(stage_shown.as_object(word, targets)))
    else:
        stage_shown.show(Screen(), word, targets)


def _show_history(word: Word, targets: Sequence[str], *, json: bool) -> None:
    try:
        if word.store is None:
            fail(word.remark)
        if targets:
            found = [each for what in targets for each in word.store.staged.history(what)]
            changes = sorted(found, key=lambda change: -change.id)
        else:
            changes = list(word.store.staged.history())
    except StoreError as error:
        fail(str(error))
    if json:
        click.echo(as_json(stage_changes.history_as_objects(changes)))
    else:
        stage_changes.show_history(Screen(), changes)
