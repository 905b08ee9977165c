"""From what is asked and what the DNS has answered to what is written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import click
from cryptography import x509

from mxward.audit.premises import Premises
from mxward.cli import zone_files
from mxward.cli.lockdown_dns_asking import Asked as Answers
from mxward.cli.lockdown_dns_given import Asked
from mxward.cli.lockdown_dns_web import look_for_webs
from mxward.cli.lockdown_dns_writing import Draft
from mxward.cli.options import fail, remark
from mxward.config import Config
from mxward.lockdown.dns.about import About
from mxward.lockdown.dns.dropping import dropped
from mxward.lockdown.dns.kept import Kept
from mxward.lockdown.dns.looked import Looked
from mxward.lockdown.dns.moving import Move, Moved, moved
from mxward.lockdown.dns.records import Change
from mxward.lockdown.dns.sets import of_dropped, of_moved, standing
from mxward.lockdown.dns.staying import Wish
from mxward.lockdown.dns.zone_diff import FiledZone, references
from mxward.model import Kind, Known, Question
from mxward.networks import Address
from mxward.proxy.certificate_files import names_in

__all__ = ["Given", "draft_of"]


@dataclass(frozen=True, slots=True)
class Given:
    """All that is known before the DNS is asked. `only`: the domains that are asked for."""

    asked: Asked
    config: Config
    premises: Premises
    only: frozenset[str] | None
    before: Kept
    filed: Mapping[str, FiledZone]
    move: Move | None


def draft_of(given: Given, answers: Answers) -> Draft:
    """What is to be written."""
    asked, every = given.asked, answers.looked
    certificates = tuple(_certificates(given.config))
    wish = _wish(given, every, certificates)
    draft = Draft(
        asked.way,
        _about(given, certificates),
        [each for each in every if wish.wants(each)],
        before=given.before,
        filed=given.filed,
        read=zone_files.read,
        server=f"{asked.primary[0]} {asked.primary[1]}" if asked.primary else "",
    )
    if given.move is not None:
        plan = moved(draft.looked, given.move, wish)
        return _moving(draft, plan, given.move, answers)
    done = dropped(every, wish)
    return replace(draft, dropped=done, zones=of_dropped(done), stands=standing(every, {}))


def _moving(draft: Draft, plan: Moved, move: Move, answers: Answers) -> Draft:
    new = tuple(change for change in plan.new if not _is_there(change, answers))
    return replace(
        draft,
        about=replace(draft.about, moved=plan),
        zones=of_moved(replace(plan, new=new), move.zone),
        stands=standing(draft.looked, {change.name: True for change in new}),
        label=move.name.partition(".")[0],
    )


def _wish(given: Given, every: Sequence[Looked], certificates: Sequence[str]) -> Wish:
    asked, premises = given.asked, given.premises
    for address in (*asked.point_to, *asked.move_to):
        if address in premises.servers:
            raise click.UsageError(f"{address} is the mail server's address now")
    return Wish(
        servers=premises.servers,
        point_to=asked.point_to,
        even_so=asked.even_so,
        keep=asked.keep,
        web=asyncio.run(look_for_webs(_places(every), premises.networks)) if asked.look else {},
        certificates=frozenset(certificates),
        zones=frozenset(given.filed) if given.filed else None,
        name_servers=asked.name_servers,
        only=given.only,
        named=references(given.filed.values()),
    )


def _about(given: Given, certificates: Sequence[str]) -> About:
    asked, premises = given.asked, given.premises
    return About(
        place=str(asked.out),
        servers=premises.named or tuple(net.network_address for net in premises.servers),
        ttl=asked.ttl,
        exact=asked.primary is not None or bool(given.filed),
        point_to=asked.point_to,
        move=given.move,
        certificates=certificates,
    )


def _is_there(change: Change, answers: Answers) -> bool:
    """Whether the new name is made already."""
    answer = answers.named.get(Question(Kind(change.kind), change.name))
    if answer is None or answer.state is not Known.FOUND:
        return False
    if change.kind != "TLSA" and sorted(answer.values) != sorted(change.becomes):
        fail(f"{change.name} is there already, and leads to {', '.join(answer.values)}")
    return True


def _places(looked: Sequence[Looked]) -> set[Address]:
    return {address for each in looked for p in each.pointing for address in p.addresses}


def _certificates(config: Config) -> Iterator[str]:
    """The names of those that are configured."""
    for entry in config.tls.certificates:
        try:
            with open(entry.chain, "rb") as file:  # noqa: PTH123
                chain = x509.load_pem_x509_certificates(file.read())
        except (OSError, ValueError) as error:
            remark(f"{entry.chain}: its names are not known: {error}")
        else:
            yield from names_in(chain[0])
