"""`mxward lockdown dns`: guessable names dropped, or the mail server moved: a plan, scripts."""

from __future__ import annotations

from pathlib import Path

import click

from mxward.cli.options import config_option, json_option

__all__ = ["dns"]

_HELP = """Plan how the mail server is taken away from names that anybody would guess: by dropping
them (--drop), by pointing them elsewhere (--point-to), or by moving the server to a new address
under a name that nobody guesses (--move-to, --zone).

For each domain behind a scanner: which names lead to the mail server, what else uses them, what
would break, and the least set of changes. Written are PLAN.md, the steps in order with their
waiting times, and for each zone and step a script for nsupdate, one that takes it back, and the
difference of the zone's file, where that is given. Nothing is sent. A script changes nothing where
the zone is not as it was any more. Run it again at any time: what was done already is kept, with
its way back.

Names of web sites stay, unless --look shows that none answers there, or you say --even-so. Domains
whose MX is the mail server itself are never touched. Where you name domains, all of the inventory
is looked at all the same: what another domain needs stays.

\b
Examples: mxward lockdown dns --drop --look --primary 192.0.2.53
          mxward lockdown dns --drop --zone-file /var/lib/bind it.co.za
          mxward lockdown dns --point-to 192.0.2.80 --keep 'smtp.*'
          mxward lockdown dns --move-to 203.0.113.9 --zone hosting.example

\b
Exit codes: 0 done, 1 failed inside, 2 wrong usage, 3 done, but some domains could not be looked at
or written, 4 what is in DIR is not what would be written (--check, --diff), 78 wrong configuration.
"""


@click.command(help=_HELP)
@config_option
@click.argument("names", metavar="[DOMAIN]...", nargs=-1)
@click.option(
    "--domains", "file", metavar="FILE", help="Read domains from FILE, - for standard input."
)
@click.option("--drop", is_flag=True, help="Drop the names that lead to the mail server.")
@click.option(
    "--point-to", "point", metavar="ADDRESS", multiple=True, help="Point them there; repeatable."
)
@click.option(
    "--move-to",
    "move",
    metavar="ADDRESS",
    multiple=True,
    help="Move the mail server there; repeatable.",
)
@click.option("--zone", metavar="ZONE", help="A zone of yours for the new name.")
@click.option("--keep-spf", is_flag=True, help="The server goes on sending from its old address.")
@click.option(
    "--keep",
    metavar="NAME",
    multiple=True,
    help="A name that stays, or 'mail.*' for all; repeatable.",
)
@click.option("--even-so", is_flag=True, help="Take names of web sites and SRV records away too.")
@click.option("--look", is_flag=True, help="Ask your own addresses whether a web site answers.")
@click.option(
    "--primary", metavar="ADDRESS[:PORT]", help="The name server with your zones, for updates."
)
@click.option(
    "--name-server",
    "servers",
    metavar="NAME",
    multiple=True,
    help="Only zones that NAME serves are yours; repeatable.",
)
@click.option(
    "--zone-file",
    "zones",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="A zone's file, or a folder of such; only these zones are yours then.",
)
@click.option(
    "--ttl",
    type=click.IntRange(1, 86_400),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="How long records last on the way.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="lockdown-dns",
    show_default=True,
    metavar="DIR",
    help="Where to write.",
)
@click.option("--check", is_flag=True, help="Write nothing; tell whether DIR is as it would be.")
@click.option("--diff", is_flag=True, help="The same, and show what would change.")
@json_option
def dns(
    path: Path,
    names: tuple[str, ...],
    file: str | None,
    drop: bool,
    point: tuple[str, ...],
    move: tuple[str, ...],
    zone: str | None,
    keep_spf: bool,
    keep: tuple[str, ...],
    even_so: bool,
    look: bool,
    primary: str | None,
    servers: tuple[str, ...],
    zones: tuple[Path, ...],
    ttl: int,
    out: Path,
    check: bool,
    diff: bool,
    json: bool,
) -> None:
    """Look up, plan, write."""
    from mxward.cli import lockdown_dns_given as given
    from mxward.cli.lockdown_dns_run import run

    if sum((drop or bool(point), bool(move))) != 1:
        raise click.UsageError("say what to do: --drop, --point-to ADDRESS, or --move-to ADDRESS")
    if bool(move) != (zone is not None):
        raise click.UsageError("--move-to ADDRESS and --zone ZONE go together")
    if move and (names or file):
        raise click.UsageError("a mail server moves for all its domains: name none")
    run(
        given.Asked(
            path=path,
            domains=names,
            file=file,
            point_to=given.addresses("--point-to", point),
            move_to=given.addresses("--move-to", move),
            zone=given.name("--zone", zone or ""),
            keep_spf=keep_spf,
            keep=given.kept(keep),
            even_so=even_so,
            look=look,
            primary=given.primary(primary),
            name_servers=frozenset(given.name("--name-server", each) for each in servers),
            zone_files=zones,
            ttl=ttl,
            out=out,
            compares=check or diff,
            shows=diff,
            json=json,
        )
    )
