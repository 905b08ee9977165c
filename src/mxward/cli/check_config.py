"""`mxward check-config`: every mistake at once, and what the configuration comes to."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from mxward.cli import check_word
from mxward.cli.certificate_checks import check_certificates
from mxward.cli.options import CONFIGURATION, config_option, json_option
from mxward.cli.resolving import NotFound, mail_server, resolver
from mxward.cli.screen import Screen, as_json
from mxward.config import Config, ConfigError, Problem, Severity, load
from mxward.inventory import Inventory, Reading
from mxward.model import EVERY, Stored

__all__ = ["check_config"]

_SHOWN = 10  # domains of one kind of warning

_HELP = """Find every mistake in the configuration, each with its line and what to write instead.

The inventory is read too, and what mxward trust and mxward stage have set. Warnings are what may
stay but should be known, notes what a choice asks of you.

Where TLS is concerned, the mail server is asked what it offers and which certificate it shows, and
the DNS what senders were promised (TLSA, MTA-STS): mxward's certificates must not be worse. It
connects to the configured upstream only, and takes some seconds where nobody answers.

\b
Example: mxward check-config --config /etc/mxward/mxward.toml

Exit codes: 0 usable, 2 wrong usage, 78 wrong configuration (with --strict also for a warning).
"""


@click.command("check-config", help=_HELP)
@config_option
@json_option
@click.option("--strict", is_flag=True, help="Let warnings count as mistakes.")
@click.option("--offline", is_flag=True, help="Leave out what needs the network.")
def check_config(path: Path, json: bool, strict: bool, offline: bool) -> None:
    """Load, judge, print."""
    config, reading, word, problems = _look(path, offline=offline)
    if json:
        click.echo(as_json(_as_object(config, reading, word, problems)))
    else:
        for problem in problems:
            click.echo(f"mxward: {problem}", err=True)
        _print(path, config, reading, word, problems)
    counted = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(problem.severity in counted for problem in problems):
        sys.exit(CONFIGURATION)


_Found = tuple[Config | None, Reading | None, Stored | None, Sequence[Problem]]


def _look(path: Path, *, offline: bool) -> _Found:
    try:
        config = load(path)
    except ConfigError as error:
        return None, None, None, error.problems
    word, unread = check_word.read(config)
    found = (*config.warnings, *_unresolved(config, offline=offline), *unread)
    try:
        reading = Inventory(config.inventory, config.place("inventory")).read()
    except ConfigError as error:
        return config, None, word, (*found, *error.problems)
    said = check_word.judge(config, word, reading.domains) if word else ()
    judged = check_certificates(config, reading.domains, offline=offline)
    return config, reading, word, (*found, *_about(config, reading), *said, *judged)


def _unresolved(config: Config, *, offline: bool) -> Iterator[Problem]:
    """What only the system's own look-ups can show."""
    try:
        resolver(config)
    except ConfigError as error:
        yield from error.problems
    upstream = config.server.upstream
    if upstream is None or (offline and not upstream.address):
        return
    try:
        mail_server(config)
    except NotFound as error:  # it need not be known where a configuration is written
        yield from (replace(problem, severity=Severity.WARNING) for problem in error.problems)
    except ConfigError as error:
        yield from error.problems


def _about(config: Config, reading: Reading) -> Iterator[Problem]:
    """What only the inventory can show."""
    if reading.unusable:
        count = _count(reading.unusable, "unusable line")
        text = f"inventory: {count}: {'; '.join(reading.samples)}"
        yield Problem(config.place("inventory"), text, Severity.WARNING)
    if not config.inventory:
        return
    strange = [
        (name, stage)
        for name, stage in config.stages.by_domain().items()
        if not name.startswith("*.") and name not in reading.domains
    ]
    for name, stage in strange[:_SHOWN]:
        text = f'stages.{stage}: "{name}" is not in the inventory, so nothing is done for it'
        yield Problem(config.place_of_stage(name) or "", text, Severity.WARNING)
    if len(strange) > _SHOWN:
        text = f"stages: {len(strange) - _SHOWN:,} more are not in the inventory"
        yield Problem(config.place("stages"), text, Severity.WARNING)


# -- shown ------------------------------------------------------------------------------------


def _print(
    path: Path,
    config: Config | None,
    reading: Reading | None,
    word: Stored | None,
    problems: Sequence[Problem],
) -> None:
    screen = Screen()
    kinds = Counter(problem.severity for problem in problems)
    mistakes = kinds[Severity.ERROR]
    found = f"{_count(mistakes, 'mistake')}, {_count(kinds[Severity.WARNING], 'warning')}"
    screen.line(f"{path}: {found}", "bold red" if mistakes else "bold green")
    if config is None or reading is None:
        return
    for label, value in (*_summary(config, reading), *_said(word)):
        screen.labelled(label, value)


def _summary(config: Config, reading: Reading) -> Iterator[tuple[str, str]]:
    server = config.server
    told = f"told who the client is by {server.identity}" if server.client_told else "told nothing"
    yield "listens", "  ".join(map(str, config.listeners))
    if config.intercept:
        ports = " ".join(map(str, config.intercept.ports))
        servers = " ".join(
            str(net).removesuffix(f"/{net.max_prefixlen}") for net in config.intercept.servers
        )
        yield "diverts", f"ports {ports} of {servers}, {told}"
    if server.upstream and config.listen:
        yield "upstream", f"{server.upstream}, {told}"
    yield "domains", f"{len(reading.domains):,}"
    yield "stages", _stages(config)
    yield "scanners", "  ".join(config.scanners) or "none"
    yield "trusted", _count(len(config.trust), "client")


def _stages(config: Config) -> str:
    staged = Counter(config.stages.by_domain().values())
    others = [f"{stage} for {_count(count, 'entry')}" for stage, count in staged.items()]
    return ", ".join([f"{config.policy.stage} by default", *others])


def _said(word: Stored | None) -> Iterator[tuple[str, str]]:
    if word is not None and (word.trust or word.stages):
        trusted = f"{_count(len(word.trust), 'client')} trusted"
        stages = Counter(found.stage for what, found in word.stages.items() if what != EVERY)
        others = [f"{stage} for {_count(count, 'entry')}" for stage, count in stages.items()]
        every = word.stages.get(EVERY)
        for_all = [f"{every.stage} for all domains"] if every else []
        yield "stored", ", ".join([trusted, *for_all, *others])


def _count(count: int, what: str) -> str:
    """`1 entry`, `2 entries`, `no entries`."""
    many = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{count:,} {what if count == 1 else many}" if count else f"no {many}"


def _as_object(
    config: Config | None,
    reading: Reading | None,
    word: Stored | None,
    problems: Sequence[Problem],
) -> dict[str, Any]:
    usable = config is not None and reading is not None
    return {
        "usable": usable,
        "problems": [
            {"place": problem.place, "severity": problem.severity, "text": problem.text}
            for problem in problems
        ],
        "domains": len(reading.domains) if reading else None,
        "unusable_lines": reading.unusable if reading else None,
        "scanners": list(config.scanners) if config else None,
        "stage": config.policy.stage if config else None,
        "stages": config.stages.by_domain() if config else None,
        "stored": _stored_object(word) if word else None,
    }


def _stored_object(word: Stored) -> dict[str, Any]:
    stages = {what: found.stage for what, found in word.stages.items()}
    return {"trusted": len(word.trust), "stages": stages}
