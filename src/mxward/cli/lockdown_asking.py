"""What `mxward lockdown` is written from: the front doors of all domains, by store and DNS."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence

from mxward.cli import audit_given
from mxward.cli.inquiry import Inquiry, server_of
from mxward.cli.lockdown_options import Asked
from mxward.cli.options import remark
from mxward.cli.progress import counting
from mxward.config import Config
from mxward.domains import Domains
from mxward.inventory import Inventory
from mxward.lockdown.ledger import Ledger
from mxward.lockdown.plan import Plan, plan
from mxward.lockdown.sealing import LeftOut, Sealing
from mxward.lookup.doors import Doors
from mxward.model import FrontDoor

__all__ = ["plan_of"]

_AT_ONCE = 200
_WILD = re.compile(r"\*\.[a-z0-9._-]+")


def plan_of(config: Config, asked: Asked, before: Ledger) -> Plan:
    """Look up every front door, and plan by it. Raises ConfigError, and click's UsageError."""
    inventory = Inventory(config.inventory, config.place("inventory")).read().domains
    listed = audit_given.domains(config, asked.domains, asked.file)
    some = bool(asked.domains or asked.file)
    # Those that were named once, and are of the inventory by `*.NAME` only, are asked about again.
    more = () if some else (each for each in before.of_domain if each in inventory)
    domains = tuple(dict.fromkeys((*listed.domains, *more)))
    inquiry = Inquiry(config, inventory)
    remark(inquiry.remark)
    try:
        with counting("front doors") as progress:
            doors = asyncio.run(_doors(inquiry.doors, domains, progress))
        sealing = Sealing(inquiry.rules, server_of(config), time.time())
        found = [sealing.seal(domain, door) for domain, door in zip(domains, doors, strict=True)]
    finally:
        inquiry.close()
    wild = (text for _, text, _ in listed.refused if _WILD.fullmatch(text))
    found += [LeftOut(each, "it is for names that nobody has listed") for each in wild]
    return plan(
        found,
        before,
        accepts=asked.accepts,
        at_most=sealing.at_most,
        others=inventory if some and not asked.is_all else Domains([]),
        listed="named" if some and asked.is_all else "in the inventory",
    )


async def _doors(
    doors: Doors, domains: Sequence[str], progress: Callable[[int, int], None]
) -> list[FrontDoor]:
    """In the order of the domains."""
    found: list[FrontDoor | None] = [doors.known(domain) for domain in domains]
    waiting = iter([n for n, door in enumerate(found) if door is None])
    done = len(found) - found.count(None)

    async def ask() -> None:
        nonlocal done
        for number in waiting:
            found[number] = await doors.find(domains[number])
            done += 1
            progress(done, len(domains))

    await asyncio.gather(*(ask() for _ in range(_AT_ONCE)))
    return [door for door in found if door is not None]
