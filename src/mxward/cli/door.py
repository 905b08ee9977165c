"""`mxward door`: the front doors of domains, and the operator's word for what waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from mxward import domains
from mxward.cli import front_doors
from mxward.cli.inquiry import Inquiry
from mxward.cli.options import config_option, fail, json_option, problems, remark
from mxward.cli.screen import Screen, as_json
from mxward.config import load
from mxward.domains import Domains
from mxward.frontdoor.egress import Egress
from mxward.model import FrontDoor
from mxward.networks import Networks
from mxward.store.database import StoreError

__all__ = ["door"]

_HELP = """Show the front doors of domains: the hosts that their MX names, and the networks that the
scanner behind them delivers from.

What is former has vanished lately, and stays welcome for 72 hours. Two things wait for your word:
a network wider than /16 (IPv6 /32) is held, and mail from it is deferred; networks that vanished
when a scanner's shrank by more than half are leaving, and stay egress. --accept gives your word,
for the scanners of these domains and all that is held or leaving of them.

\b
Examples: mxward door it.co.za
          mxward door --json it.co.za example.org
          mxward door --accept it.co.za

Exit codes: 0 fine, 1 the store cannot be used, 2 wrong usage, 78 wrong configuration.
"""

_Doors = Mapping[str, tuple[FrontDoor, Networks]]
"""The front door of each domain, and what is leaving of it."""

_Accepted = Mapping[str, Egress]


def _domain(text: str) -> str:
    try:
        return domains.normal(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(help=_HELP)
@config_option
@json_option
@click.option("--accept", "accepts", is_flag=True, help="Accept what is held or leaving.")
@click.argument("names", metavar="DOMAIN...", nargs=-1, required=True, type=_domain)
def door(path: Path, json: bool, accepts: bool, names: Sequence[str]) -> None:
    """Look up, perhaps accept, print."""
    with problems():
        config = load(path)
        try:
            inquiry = Inquiry(config, Domains(), accepts=accepts)
            found, accepted = asyncio.run(_run(inquiry, names, accepts=accepts))
        except StoreError as error:
            fail(str(error))
    remark(inquiry.remark)
    if json:
        click.echo(as_json(_as_object(found, accepted)))
    else:
        _print(found, accepted if accepts else None)


async def _run(
    inquiry: Inquiry, names: Sequence[str], *, accepts: bool
) -> tuple[_Doors, _Accepted]:
    found = await _find(inquiry, names)
    if not accepts:
        return found, {}
    scanners = dict.fromkeys(name for door, _ in found.values() for name in door.scanners)
    waiting = {name: await inquiry.accept(name) for name in scanners}
    accepted = {name: egress for name, egress in waiting.items() if egress is not None}
    return await _find(inquiry, names), accepted


async def _find(inquiry: Inquiry, names: Sequence[str]) -> _Doors:
    found = await asyncio.gather(*map(inquiry.doors.find, names))
    waiting = inquiry.doors.waiting()
    return {
        domain: (door, _leaving(waiting[name] for name in door.scanners if name in waiting))
        for domain, door in zip(names, found, strict=True)
    }


def _leaving(egress: Iterable[Egress]) -> Networks:
    return Networks(network for each in egress for network in each.leaving)


# -- shown ------------------------------------------------------------------------------------


def _print(found: _Doors, accepted: _Accepted | None) -> None:
    screen, now = Screen(), time.time()
    for number, (domain, (door, leaving)) in enumerate(found.items()):
        if number:
            screen.line()
        screen.line(domain, "bold")
        front_doors.show(screen, door, now, leaving)
    if accepted is not None:
        screen.line()
        _print_accepted(screen, accepted)


def _print_accepted(screen: Screen, accepted: _Accepted) -> None:
    if not accepted:
        screen.line("Nothing waits for your word.")
    for scanner, waited in accepted.items():
        screen.line(f"Accepted for the scanner {scanner}:", "bold green")
        screen.listed("now in", front_doors.short(waited.held))
        screen.listed("now out", front_doors.short(waited.leaving))


def _as_object(found: _Doors, accepted: _Accepted) -> object:
    now = time.time()
    return {
        "doors": [
            {"domain": name}
            | front_doors.as_object(door, now)
            | {"leaving": [str(network) for network in leaving]}
            for name, (door, leaving) in found.items()
        ],
        "accepted": [
            {
                "scanner": name,
                "in": [str(network) for network in egress.held],
                "out": [str(network) for network in egress.leaving],
            }
            for name, egress in accepted.items()
        ],
    }
