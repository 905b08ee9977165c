"""`mxward trust suggest`: whom to trust, by the evidence of logs; a person approves."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from mxward.cli import logs, resolving, trust_shown
from mxward.cli.options import config_option, json_option, remark
from mxward.cli.proposals import LASTS, Proposal, proposals
from mxward.cli.screen import Screen, as_json
from mxward.cli.senders import Sender
from mxward.cli.word import by_option, note_text, until, writing
from mxward.config import Config
from mxward.lookup.names import ClientNames
from mxward.networks import address

__all__ = ["suggest"]

_HELP = """Propose whom to trust: the clients that came by the back door, look honest in these logs,
and are not trusted yet. For each of them there is the evidence, and the command that trusts it for
the domains that it wrote to. With --approve you are asked one by one, and what you approve is done.

Several clients are one proposal where the DNS confirms that they share a name. A HELO, or a name
that does not lead back, is never proposed: neither proves anything.

\b
Examples: mxward trust suggest /var/log/exim4/mainlog*
          mxward trust suggest --approve --owner anna /var/log/mail.log
"""

_MOST_NAMES = 1_000
_AT_ONCE = 32


@click.command(help=_HELP)
@config_option
@json_option
@by_option
@logs.options
@click.option("--approve", is_flag=True, help="Ask about each, on a terminal, and do it.")
@click.option("--owner", metavar="NAME", help="Who answers for them.  [default: as --by]")
@click.option(
    "--expires", metavar="DATE|30d|never", default=LASTS, show_default=True, help="When they end."
)
def suggest(
    path: Path,
    json: bool,
    by: str,
    names: Sequence[str],
    zone: str | None,
    offline: bool,
    cluster: str | None,
    approve: bool,
    owner: str | None,
    expires: str,
) -> None:
    """Read, judge, propose; perhaps ask and write."""
    logs.need_reports(cluster)
    until(expires, time.time(), "--expires")
    owner = by if owner is None else note_text(owner)
    if approve and not sys.stdin.isatty():
        raise click.UsageError("--approve asks on a terminal, and there is none")
    from mxward.cli.judging import judged
    from mxward.cli.senders_in_logs import seen_in_logs

    with judged(path, names, zone, offline, cluster) as told:
        senders = seen_in_logs(told)
    confirmed = {} if offline else asyncio.run(_confirmed(told.config, senders))
    found = proposals(senders, owner, expires, confirmed)
    for text in told.remarks:
        remark(text)
    if json:
        click.echo(as_json([_as_object(each) for each in found]))
    elif approve:
        _ask(found, told.config, by)
    else:
        _print(found)
    logs.finish(told.problems)


async def _confirmed(config: Config, senders: Iterable[Sender]) -> dict[str, str]:
    """By client, the name that the DNS confirms today; where there are several, the first."""
    asked = ClientNames(resolving.resolver(config), time.time)
    slots = asyncio.Semaphore(_AT_ONCE)

    async def name_of(client: str) -> str | None:
        async with slots:
            return min((await asked.find(address(client))).names, default=None)

    clients = [sender.client for sender in senders][:_MOST_NAMES]
    names = await asyncio.gather(*map(name_of, clients))
    return {client: name for client, name in zip(clients, names, strict=True) if name}


# -- shown ------------------------------------------------------------------------------------


def _print(found: Sequence[Proposal]) -> None:
    screen = Screen()
    if not found:
        screen.line("Nobody looks honest who came by the back door and is not trusted.")
    for number, proposal in enumerate(found):
        if number:
            screen.line()
        _show(screen, proposal)
        screen.line(proposal.command())


def _show(screen: Screen, proposal: Proposal) -> None:
    for sender in proposal.senders:
        screen.line(sender.client, "bold")
        screen.labelled("because", "; ".join(sign.text for sign in sender.signs))
    by_domain = proposal.by_domain()
    shown = [f"{domain} ({count:,})" for domain, count in list(by_domain.items())[:10]]
    more = [f"and {len(by_domain) - 10:,} more"] if len(by_domain) > 10 else []
    screen.listed("wrote to", [*shown, *more])


def _as_object(proposal: Proposal) -> dict[str, Any]:
    trust = proposal.trust
    return {
        "network": str(trust.network) if trust.network else None,
        "name": trust.name,
        "for": list(trust.recipients),
        "owner": trust.owner,
        "note": trust.note,
        "expires": proposal.ends,
        "recipients": proposal.by_domain(),
        "clients": [
            {
                "client": sender.client,
                "signs": [{"weight": sign.weight, "text": sign.text} for sign in sender.signs],
                "days": sender.days,
                "last_at": sender.last_at,
            }
            for sender in proposal.senders
        ],
        "command": proposal.command(),
    }


# -- approved ---------------------------------------------------------------------------------


def _ask(found: Sequence[Proposal], config: Config, by: str) -> None:
    screen, added = Screen(), 0
    for number, proposal in enumerate(found, 1):
        screen.line()
        _show(screen, proposal)
        now = time.time()
        client = replace(proposal.trust, expires=until(proposal.ends, now, "--expires"))
        screen.labelled("proposed", trust_shown.in_words(client, now))
        answer = click.prompt(
            f"Trust it? ({number} of {len(found)})", type=click.Choice(["y", "n", "q"]), default="n"
        )
        if answer == "q":
            break
        if answer == "y":
            with writing(config) as store:
                screen.line(f"added as {store.trusted.add(client, now, by)}", "green")
            added += 1
    screen.line(
        f"{added:,} of {len(found):,} are trusted now." if found else "Nobody to ask about."
    )
