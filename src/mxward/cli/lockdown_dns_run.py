"""One run of `mxward lockdown dns`: look up, plan, write or compare, tell."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click
from cryptography import x509

from mxward.audit.premises import Premises
from mxward.cli import audit_given, zone_files
from mxward.cli.lockdown_dns_asking import Asked as Answers
from mxward.cli.lockdown_dns_asking import ask
from mxward.cli.lockdown_dns_files import Folder
from mxward.cli.lockdown_dns_given import Asked
from mxward.cli.lockdown_dns_web import look_for_webs
from mxward.cli.lockdown_dns_writing import Draft, write
from mxward.cli.options import fail, problems, remark
from mxward.cli.screen import as_json
from mxward.config import Config, load
from mxward.lockdown.dns import kept
from mxward.lockdown.dns.about import About, waiting
from mxward.lockdown.dns.dropping import dropped
from mxward.lockdown.dns.kept import Kept
from mxward.lockdown.dns.looked import NO_FILES, Filed, Looked
from mxward.lockdown.dns.moving import Move, moved, new_name
from mxward.lockdown.dns.sets import of_dropped, of_moved, standing
from mxward.lockdown.dns.staying import Wish
from mxward.lockdown.dns.tally import Tally
from mxward.lockdown.dns.zone_diff import FiledZone, references
from mxward.lookup.bulk import NoAnswers
from mxward.model import Kind, Known, Question
from mxward.networks import Address, Networks
from mxward.proxy.certificate_files import names_in

__all__ = ["OTHER", "UNSURE", "run"]

UNSURE, OTHER = 3, 4
_SHOWN = 5


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
    filed = _filed(asked)
    move = _move(asked, before)
    try:
        with problems():
            answers = asyncio.run(
                ask(
                    config,
                    premises,
                    list(dict.fromkeys((*domains, *others))),
                    _records(filed),
                    asked.primary,
                    _name(move),
                )
            )
    except NoAnswers:
        fail("the DNS servers do not answer any more; nothing is written")
    draft = _draft(asked, config, premises, answers, filed, move, before, only)
    folder = Folder(asked.out, compares=asked.compares, shows=asked.shows)
    try:
        tally = write(draft, folder)
    except OSError as error:
        fail(f"{error.filename or asked.out}: {error.strerror}")
    except ValueError as error:
        fail(str(error))
    _tell(asked, tally, folder, draft)
    sys.exit(_code(asked, tally, folder))


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


def _records(filed: dict[str, FiledZone]) -> Filed:
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


def _name(move: Move | None) -> str:
    return move.name if move else ""


def _draft(
    asked: Asked,
    config: Config,
    premises: Premises,
    answers: Answers,
    filed: dict[str, FiledZone],
    move: Move | None,
    before: Kept,
    only: frozenset[str] | None,
) -> Draft:
    every = answers.looked
    certificates = _certificates(config)
    mine = frozenset(filed) if filed else None
    wish = Wish(
        servers=premises.servers,
        point_to=asked.point_to,
        even_so=asked.even_so,
        keep=asked.keep,
        web=asyncio.run(look_for_webs(_places(every), premises.networks)) if asked.look else {},
        certificates=frozenset(certificates),
        zones=mine,
        name_servers=asked.name_servers,
        only=only,
        named=references(filed.values()),
    )
    looked = [each for each in every if wish.wants(each)]
    if overlap := [a for a in (*asked.point_to, *asked.move_to) if a in premises.servers]:
        raise click.UsageError(f"{overlap[0]} is the mail server's address now")
    about = About(
        place=str(asked.out),
        servers=premises.named or tuple(_addresses(premises.servers)),
        ttl=asked.ttl,
        exact=asked.primary is not None or mine is not None,
        point_to=asked.point_to,
        move=move,
        certificates=certificates,
        files=len(filed),
    )
    base = Draft(asked.way, about, looked, before=before, filed=filed, read=zone_files.read)
    if asked.primary is not None:
        base = replace(base, server=f"{asked.primary[0]} {asked.primary[1]}")
    if move is None:
        done = dropped(every, wish)
        return replace(base, dropped=done, zones=of_dropped(done), stands=standing(every, {}))
    plan = moved(looked, move, wish)
    new = tuple(c for c in plan.new if not _is_there(c.name, c.kind, c.becomes, answers))
    return replace(
        base,
        about=replace(about, moved=plan),
        zones=of_moved(replace(plan, new=new), move.zone),
        stands=standing(looked, {c.name: True for c in new}),
        label=move.name.partition(".")[0],
    )


def _is_there(name: str, kind: str, values: Sequence[str], answers: Answers) -> bool:
    answer = answers.named.get(Question(Kind(kind), name))
    if answer is None or answer.state is not Known.FOUND:
        return False
    if kind != "TLSA" and sorted(answer.values) != sorted(values):
        fail(f"{name} is there already, and leads elsewhere: {', '.join(answer.values)}")
    return True


def _places(looked: Sequence[Looked]) -> set[Address]:
    return {address for each in looked for p in each.pointing for address in p.addresses}


def _addresses(servers: Networks) -> list[Address]:
    return [network.network_address for network in servers]


def _certificates(config: Config) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for entry in config.tls.certificates:
        try:
            with open(entry.chain, "rb") as file:  # noqa: PTH123
                chain = x509.load_pem_x509_certificates(file.read())
        except (OSError, ValueError) as error:
            remark(f"{entry.chain}: its names are not known: {error}")
            continue
        names |= dict.fromkeys(names_in(chain[0]))
    return tuple(names)


def _code(asked: Asked, tally: Tally, folder: Folder) -> int:
    if asked.compares and folder.changed:
        return OTHER
    return UNSURE if tally.unsure or tally.refused else 0


def _tell(asked: Asked, tally: Tally, folder: Folder, draft: Draft) -> None:
    if asked.json:
        click.echo(as_json(_as_object(tally, folder, draft)))
        return
    if not asked.shows:
        click.echo(f"{tally.domains:,} domains looked at; {len(tally.own):,} have no scanner")
        for step, told in tally.ordered():
            wait = f", then wait {waiting(told.wait)}" if told.wait else ""
            done = f" (done before: {told.zones - told.pending:,})" * (told.zones > told.pending)
            click.echo(f"  {step}: {told.pending:,} zones{done}{wait}")
        if tally.stays:
            click.echo(f"  {len(tally.stays):,} names stay; PLAN.md says why")
        what = "would be other" if asked.compares else "written"
        click.echo(f"{folder.place}: {folder.changed:,} files {what}, the others are as they were")
        if not asked.compares:
            click.echo(f"Go on with {folder.place / 'PLAN.md'}")
    for name, why in (*tally.unsure, *tally.refused)[:_SHOWN]:
        remark(f"{name}: {why}")
    more = len(tally.unsure) + len(tally.refused) - _SHOWN
    if more > 0:
        remark(f"and {more:,} more; all are in domains.jsonl")


def _as_object(tally: Tally, folder: Folder, draft: Draft) -> dict[str, Any]:
    move = draft.about.move
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
