"""`mxward explain`: what would be done with one recipient of one message, and why."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import click

from mxward import policy
from mxward.cli import decisions
from mxward.cli.inquiry import Inquiry, server_of
from mxward.cli.options import config_option, json_option, problems, remark
from mxward.cli.origins import origin
from mxward.cli.screen import Screen, as_json
from mxward.config import load
from mxward.config.names import certificate_name
from mxward.inventory import Inventory
from mxward.model import NOT_ASKED, Arrival, Decision, Door
from mxward.networks import Address, address

__all__ = ["explain"]

_HELP = """Tell what would be done with mail for RECIPIENT that a client brings, what an enforced
stage would do with it, and why.

It asks the DNS as the proxy does, and uses what the proxy remembers, and what mxward trust and
mxward stage have set. HELO is shown, but never changes a decision.

\b
Examples: mxward explain --client 4.3.90.120 shaun@it.co.za
          mxward explain --client 2001:db8::9 --from anna@example.com --json shaun@it.co.za
          mxward explain --way policyd --client 4.3.90.120 shaun@it.co.za

Exit codes: 0 fine, 1 failed inside, 2 wrong usage, 78 wrong configuration.
"""


def _address(text: str) -> Address:
    try:
        return address(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no address; write one like 192.0.2.1") from None


def _certificate(text: str) -> str:
    try:
        return certificate_name(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(help=_HELP)
@config_option
@json_option
@click.option("--client", type=_address, metavar="IP", required=True, help="Who connects.")
@click.option("--helo", default="", metavar="NAME", help="What the client calls itself.")
@click.option("--from", "sender", default="", metavar="MAILBOX", help="The reverse-path.")
@click.option("--auth", metavar="USER", help="Who the client has authenticated as.")
@click.option(
    "--certificate",
    "certificates",
    type=_certificate,
    metavar="NAME",
    multiple=True,
    help="A DNS name of the client's valid TLS certificate; repeatable.",
)
@click.option(
    "--server", type=_address, metavar="IP", help="The address that the client connects to."
)
@click.option(
    "--way",
    type=click.Choice(["proxy", "policyd"]),
    default="proxy",
    show_default=True,
    help="Who would do it: policyd cannot hand mail on, so reroute defers there.",
)
@click.argument("recipient")
def explain(
    path: Path,
    json: bool,
    client: Address,
    helo: str,
    sender: str,
    auth: str | None,
    certificates: tuple[str, ...],
    server: Address | None,
    way: str,
    recipient: str,
) -> None:
    """Decide as the proxy does, then print."""
    with problems():
        config = load(path)
        inventory = Inventory(config.inventory, config.place("inventory")).read()
        inquiry = Inquiry(config, inventory.domains)
    arrival = Arrival(
        client=client,
        server=server or server_of(config),
        helo=helo,
        sender=_mailbox(sender),
        recipient=_mailbox(recipient),
        authenticated=auth,
        certificates=certificates,
    )
    if way == "policyd":  # the mail server that asks knows its client
        inquiry.rules = replace(inquiry.rules, client_told=True)
    decision = asyncio.run(_decide(inquiry, arrival))
    if way == "policyd":
        done = policy.without_rerouting(decision)
        if done is not decision:
            remark("policyd cannot hand mail on: what reroute would hand on is deferred")
        decision = done
    inquiry.close()
    if decision.door is not Door.OUTSIDE:
        remark(inquiry.remark)
    stage_from = origin(decision.evidence.stage_from, config, inquiry.rules)
    if json:
        click.echo(as_json(decisions.as_object(decision, stage_from, time.time())))
        return
    decisions.show(Screen(), arrival, decision, stage_from, time.time())


async def _decide(inquiry: Inquiry, arrival: Arrival) -> Decision:
    needs = policy.needs(arrival, inquiry.rules)
    door = await inquiry.doors.find(needs.front_door) if needs.front_door else NOT_ASKED
    if needs.names:
        arrival = replace(arrival, names=await inquiry.names.find(arrival.client))
    return policy.decide(arrival, door, inquiry.rules, time.time())


def _mailbox(text: str) -> str:
    return text.removeprefix("<").removesuffix(">")
