"""What would have to be trusted, as commands that are ready to be typed."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from mxward.cli.origins import day
from mxward.cli.senders import Sender
from mxward.cli.trust_shown import identity
from mxward.domains import Domains
from mxward.model import Trust
from mxward.networks import network

__all__ = ["LASTS", "Proposal", "proposals"]

LASTS = "180d"
"""How long what is proposed is trusted, where nothing else is said."""
_MOST_DOMAINS = 100
"""Domains that are named one by one; who writes to more is proposed for all."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Whom to trust, for what, and by which evidence; `ends` as `--expires` takes it."""

    trust: Trust
    senders: tuple[Sender, ...]
    ends: str

    def command(self) -> str:
        """As a shell takes it."""
        trust = self.trust
        words = ["mxward", "trust", "add", *_configuration()]
        words += ["--name", trust.name] if trust.name else ["--network", identity(trust)]
        for domain in trust.recipients:
            words += ["--for", domain]
        words += ["--owner", trust.owner, "--note", trust.note, "--expires", self.ends]
        return shlex.join(words)

    def by_domain(self) -> dict[str, int]:
        """Recipients by domain."""
        found: dict[str, int] = defaultdict(int)
        for sender in self.senders:
            for domain, count in sender.by_domain().items():
                found[domain] += count
        return found


def proposals(
    senders: Iterable[Sender], owner: str, ends: str, names: Mapping[str, str] | None = None
) -> list[Proposal]:
    """One for each client, by its address. Several that share a name which the DNS has confirmed
    are one, by that name: `names` has it by client.
    """
    groups: dict[str, list[Sender]] = defaultdict(list)
    for sender in senders:
        groups[(names or {}).get(sender.client, sender.client)].append(sender)
    found = []
    for shared, group in groups.items():
        for part in [group] if len(group) > 1 else [[each] for each in group]:
            identity = shared if len(part) > 1 else None
            found.append(_proposal(part, identity, owner, ends))
    return found


def _proposal(senders: Sequence[Sender], name: str | None, owner: str, ends: str) -> Proposal:
    domains = sorted({domain for each in senders for domain in each.by_domain()})
    trust = Trust(
        owner=owner,
        note=_note(senders),
        network=network(senders[0].client) if name is None else None,
        name=name,
        recipients=Domains(domains if len(domains) <= _MOST_DOMAINS else ()),
    )
    return Proposal(trust, tuple(senders), ends)


def _note(senders: Sequence[Sender]) -> str:
    """Of numbers only: nothing that a stranger chose comes to stand there."""
    recipients, days = sum(each.recipients for each in senders), max(each.days for each in senders)
    last = day(max(each.last_at for each in senders))
    many = f"{days} days" if days > 1 else "one day"
    return f"back-door mail for {recipients} recipients on {many} until {last}"


def _configuration() -> list[str]:
    """`--config PATH`, where it was given with this command."""
    context = click.get_current_context(silent=True)
    path = context.params.get("path") if context else None
    given = context and context.get_parameter_source("path")
    if not isinstance(path, Path) or given is not click.core.ParameterSource.COMMANDLINE:
        return []
    return ["--config", str(path)]
