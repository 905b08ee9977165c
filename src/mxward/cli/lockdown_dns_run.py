"""One run of `mxward lockdown dns`: look up, plan, write or compare, tell."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Mapping, Sequence

import click

from mxward.cli import audit_given, zone_files
from mxward.cli.lockdown_dns_asking import Asked as Answers
from mxward.cli.lockdown_dns_asking import ask
from mxward.cli.lockdown_dns_drafting import Given, draft_of
from mxward.cli.lockdown_dns_files import Folder
from mxward.cli.lockdown_dns_given import Asked
from mxward.cli.lockdown_dns_shown import tell
from mxward.cli.lockdown_dns_writing import write
from mxward.cli.options import fail, problems
from mxward.config import Config, load
from mxward.lockdown.dns import kept
from mxward.lockdown.dns.kept import Kept
from mxward.lockdown.dns.looked import NO_FILES, Filed
from mxward.lockdown.dns.moving import Move, new_name
from mxward.lockdown.dns.tally import Tally
from mxward.lockdown.dns.zone_diff import FiledZone
from mxward.lookup.bulk import NoAnswers

__all__ = ["OTHER", "UNSURE", "run"]

UNSURE, OTHER = 3, 4
"""Exit codes: some domains could not be looked at or written; what is there is something else."""


def run(asked: Asked) -> None:
    """Do what was asked, and end with the exit code that tells how it went."""
    with problems():
        config = load(asked.path)
        premises = audit_given.premises(config, (), None)
        if not premises.named and not premises.servers:
            raise click.UsageError("the mail server is not known: name it in server.addresses")
        domains = list(audit_given.domains(config, asked.domains, asked.file).domains)
        others = list(_others(config)) if asked.domains or asked.file else []
    only = frozenset(domains) if others else None
    before = _before(asked)
    given = Given(asked, config, premises, only, before, _filed(asked), _move(asked, before))
    answers = _answers(given, list(dict.fromkeys((*domains, *others))))
    draft = draft_of(given, answers)
    folder = Folder(asked.out, compares=asked.compares, shows=asked.shows)
    try:
        tally = write(draft, folder)
    except OSError as error:
        fail(f"{error.filename or asked.out}: {error.strerror}")
    except ValueError as error:
        fail(str(error))
    tell(asked, tally, folder, draft.about)
    sys.exit(_code(asked, tally, folder))


def _answers(given: Given, domains: Sequence[str]) -> Answers:
    name = given.move.name if given.move else ""
    filed = _records(given.filed)
    try:
        with problems():
            return asyncio.run(
                ask(given.config, given.premises, domains, filed, given.asked.primary, name)
            )
    except NoAnswers:
        fail("the DNS servers do not answer any more; nothing is written")


def _others(config: Config) -> Sequence[str]:
    """The inventory: names that go may be needed by domains that are not asked for."""
    try:
        return tuple(audit_given.domains(config, (), None).domains)
    except click.UsageError:
        return ()


def _before(asked: Asked) -> Kept:
    path = asked.out / kept.FILE
    try:
        with path.open(encoding="utf-8") as file:
            found = kept.read(file)
    except FileNotFoundError:
        return Kept()
    except (OSError, ValueError) as error:
        fail(f"{path}: {getattr(error, 'strerror', None) or error}")
    if found.way != asked.way:
        fail(f"{asked.out} holds a plan to {found.way}: give another --out, its ways back stay")
    return found


def _filed(asked: Asked) -> dict[str, FiledZone]:
    found: dict[str, FiledZone] = {}
    try:
        for path in zone_files.files_in(asked.zone_files):
            zone = zone_files.read_file(path)
            if zone.zone in found:
                fail(f"{path}: {found[zone.zone].path} is the same zone")
            found[zone.zone] = zone
    except zone_files.NotRead as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    return found


def _records(filed: Mapping[str, FiledZone]) -> Filed:
    if not filed:
        return NO_FILES
    return lambda zone, name, kind: filed[zone].records(name, kind) if zone in filed else None


def _move(asked: Asked, before: Kept) -> Move | None:
    if not asked.move_to:
        return None
    label = before.label or f"x{secrets.token_hex(10)}"
    try:
        name = new_name(label, asked.zone)
    except ValueError as error:
        fail(str(error))
    return Move(name, asked.zone, asked.move_to, asked.keep_spf)


def _code(asked: Asked, tally: Tally, folder: Folder) -> int:
    if asked.compares and folder.changed:
        return OTHER
    return UNSURE if tally.unsure or tally.refused else 0
