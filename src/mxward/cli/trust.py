"""`mxward trust`: the clients that may use the back door."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from mxward.cli import trust_shown
from mxward.cli.options import config_option, json_option, remark
from mxward.cli.screen import Screen, as_json
from mxward.cli.trust_suggest import suggest
from mxward.cli.word import Word, by_option, until, word_of, writing
from mxward.config import supposing
from mxward.model import Trust
from mxward.store.trusted import Entry

__all__ = ["trust"]

_HELP = """Show and change which clients may use the back door.

Those that are added here stand in mxward's store, beside those of the configuration: whoever stands
in either is trusted. A running proxy follows within a second. Each has an owner, a note, and a time
when it ends.

\b
Examples: mxward trust list
          mxward trust add --network 192.0.2.8 --for it.co.za \\
            --owner anna --note "the printer on floor 2" --expires 2027-12-31
          mxward trust suggest /var/log/exim4/mainlog*

Exit codes: 0 fine, 1 the store cannot be used, 2 wrong usage, 78 wrong configuration.
"""

_ADD = """Trust a client: by its network (or address), by a name that leads back to its address, or
by a name of its TLS certificate. What is right here is what is right in [[trust]].

\b
Example: mxward trust add --name out.partner.example --for it.co.za --from partner.example \\
           --owner anna --note "invoices of our partner" --expires 180d
"""

_OPTIONS = {"recipients": "for", "senders": "from"}


@click.group(help=_HELP)
def trust() -> None:
    """Its commands do the work."""


trust.add_command(suggest)


@trust.command("list")
@config_option
@json_option
def list_(path: Path, json: bool) -> None:
    """Show all trusted clients, of the configuration and of the store."""
    word = word_of(path)
    remark(word.remark)
    entries = word.store.trusted.entries() if word.store else ()
    now = time.time()
    if json:
        click.echo(as_json(trust_shown.as_objects(word.rules.trust, entries, now)))
    else:
        trust_shown.show(Screen(), word.rules.trust, now)


@trust.command(help=_ADD)
@config_option
@by_option
@click.option("--network", metavar="NETWORK", help="Its address or network, none wider than /16.")
@click.option("--name", metavar="NAME", help="Its forward-confirmed name; *.NAME for all below.")
@click.option("--certificate", metavar="NAME", help="A DNS name of its verified certificate.")
@click.option(
    "--for", "recipients", metavar="DOMAIN", multiple=True, help="Only to there; repeatable."
)
@click.option(
    "--from", "senders", metavar="DOMAIN", multiple=True, help="Only from there; repeatable."
)
@click.option("--owner", metavar="NAME", required=True, help="Who answers for it.")
@click.option("--note", metavar="TEXT", required=True, help="What it is.")
@click.option("--expires", metavar="DATE|30d|never", required=True, help="When it ends.")
def add(
    path: Path,
    by: str,
    network: str | None,
    name: str | None,
    certificate: str | None,
    recipients: Sequence[str],
    senders: Sequence[str],
    owner: str,
    note: str,
    expires: str,
) -> None:
    """Judge, then write."""
    word, now = word_of(path), time.time()
    identities = {"network": network, "name": name, "certificate": certificate}
    given = {key: value for key, value in identities.items() if value is not None}
    limits = {"recipients": recipients, "senders": senders, "owner": owner, "note": note}
    ends = until(expires, now, "--expires")
    try:
        client = supposing.trusting(word.config, {**given, **limits})
    except ValueError as error:
        raise click.UsageError(_on_options(str(error))) from None
    client = replace(client, expires=ends)
    _refuse_twins(client, word.rules.trust, now)
    for domain in client.recipients:
        if not domain.startswith("*.") and domain not in word.inventory:
            remark(f'"{domain}" is not in the inventory, so nothing is gained for it')
    with writing(word.config) as store:
        number = store.trusted.add(client, now, by)
    click.echo(f"{number}: {trust_shown.in_words(client, now)}")


def _on_options(text: str) -> str:
    key, colon, rest = text.partition(": ")
    if key in ("network", "name", "certificate", "owner", "note", *_OPTIONS):
        return f"--{_OPTIONS.get(key, key)}{colon}{rest}"
    if text.startswith("neither"):
        return "whom to trust? give --network, --name or --certificate"
    return text


def _refuse_twins(client: Trust, others: Sequence[Trust], now: float) -> None:
    """Nobody needs an entry twice: not even who types it again."""
    for other in others:
        same = replace(
            other, owner=client.owner, note=client.note, expires=client.expires, place="", id=None
        )
        if same == client and not trust_shown.is_over(other, now):
            which = f"entry {other.id}" if other.id else other.place
            raise click.UsageError(f"{which} says the same: {trust_shown.in_words(other, now)}")


@trust.command()
@config_option
@click.argument("entry", metavar="ID")
def remove(path: Path, entry: str) -> None:
    """Trust a client no more: ID as `mxward trust list` shows it.

    \b
    Example: mxward trust remove 3
    """
    word, found = _entry(path, entry)
    with writing(word.config) as store:
        gone = store.trusted.remove(found.trust.id or 0)
    if not gone:
        raise click.UsageError(f"{entry}: somebody has removed it meanwhile")
    click.echo(f"{entry}: {trust_shown.who(found.trust)} is removed, and trusted no longer by it")


@trust.command()
@config_option
@click.option("--at", "expires", metavar="DATE|30d|never", help="When it ends.  [default: now]")
@click.argument("entry", metavar="ID")
def expire(path: Path, expires: str | None, entry: str) -> None:
    """Let a trusted client end, now or then; it stays in the list, and may be renewed.

    \b
    Example: mxward trust expire 3 --at 2027-12-31
    """
    now = time.time()
    at = now if expires is None else until(expires, now, "--at")
    word, found = _entry(path, entry)
    with writing(word.config) as store:
        there = store.trusted.expire(found.trust.id or 0, at)
    if not there:
        raise click.UsageError(f"{entry}: somebody has removed it meanwhile")
    click.echo(f"{entry}: {trust_shown.in_words(replace(found.trust, expires=at), now)}")


def _entry(path: Path, entry: str) -> tuple[Word, Entry]:
    """One of the store's, by its id. What is anybody else's is told, with what to do."""
    word = word_of(path)
    for known in word.rules.trust:
        if known.id is None and entry in (known.place, trust_shown.identity(known)):
            raise click.UsageError(
                f"{known.place}: {trust_shown.identity(known)} stands in the configuration; "
                "change it there, then reload mxward"
            )
    entries = word.store.trusted.entries() if word.store else ()
    for each in entries:
        if str(each.trust.id) == entry:
            return word, each
    same = [str(each.trust.id) for each in entries if trust_shown.identity(each.trust) == entry]
    if same:
        raise click.UsageError(f"{entry}: an entry is named by its id: {' or '.join(same)}")
    if word.remark:
        remark(word.remark)
    raise click.UsageError(f"{entry}: there is no such entry; `mxward trust list` shows them")
