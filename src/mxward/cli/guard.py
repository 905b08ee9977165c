"""What holds a domain back: honest senders of its last days whom a stage would stop.

Whether they would be stopped is asked of the rule itself, with the front doors and names of today,
and the trust of today: what was mended since they came holds nobody back.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mxward import policy
from mxward.cli.inquiry import Inquiry
from mxward.cli.senders import Sender
from mxward.model import NOT_ASKED, Action, Arrival, Rules, Stage
from mxward.networks import Address, address

__all__ = ["further", "held_back"]

_AT_ONCE = 32
_COST = {Stage.OBSERVE: 0, Stage.REROUTE: 1, Stage.DEFER: 2, Stage.REFUSE: 3}
"""What a stage costs an honest sender: by reroute the mail arrives, if the scanner takes it."""


def further(before: Stage, after: Stage) -> bool:
    """Whether honest mail is worse off."""
    return _COST[after] > _COST[before]


@dataclass(frozen=True, slots=True)
class _Way:
    """One sender's mail from one domain for another."""

    sender: Sender
    domain: str
    sender_domain: str
    recipients: int


def held_back(
    senders: Iterable[Sender], inquiry: Inquiry, proposed: Rules, server: Address
) -> dict[str, list[Sender]]:
    """Of the domains that would come further by the proposed rules, those with senders who would be
    stopped; each sender with what he brought for that domain only.
    """
    ways = [
        _Way(sender, domain, sender_domain, count)
        for sender in senders
        for (domain, sender_domain), count in sender.ways.items()
        if _comes_further(domain, inquiry.rules, proposed)
    ]
    stopped = asyncio.run(_stopped(ways, inquiry, proposed, server))
    found: dict[str, dict[str, list[_Way]]] = defaultdict(lambda: defaultdict(list))
    for way in stopped:
        found[way.domain][way.sender.client].append(way)
    return {
        domain: [_only(domain, each) for each in clients.values()]
        for domain, clients in sorted(found.items())
    }


def _comes_further(domain: str, rules: Rules, proposed: Rules) -> bool:
    if domain not in rules.inventory:
        return False
    return further(policy.stage_of(domain, rules)[0], policy.stage_of(domain, proposed)[0])


def _only(domain: str, ways: Sequence[_Way]) -> Sender:
    brought: Mapping[tuple[str, str], int] = {
        (domain, way.sender_domain): way.recipients for way in ways
    }
    return replace(ways[0].sender, ways=brought)


async def _stopped(
    ways: Sequence[_Way], inquiry: Inquiry, proposed: Rules, server: Address
) -> list[_Way]:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def would_pass(way: _Way) -> bool:
        async with slots:
            return await _passes(way, inquiry, proposed, server)

    passing = await asyncio.gather(*map(would_pass, ways))
    return [way for way, passes in zip(ways, passing, strict=True) if not passes]


async def _passes(way: _Way, inquiry: Inquiry, rules: Rules, server: Address) -> bool:
    """Whether mail like that would pass now; what cannot be known does not."""
    arrival = Arrival(
        client=address(way.sender.client),
        server=address(way.sender.interface) if way.sender.interface else server,
        helo="",
        sender=f"x@{way.sender_domain}" if way.sender_domain else "",
        recipient=f"x@{way.domain}",
    )
    needs = policy.needs(arrival, rules)
    door = await inquiry.doors.find(needs.front_door) if needs.front_door else NOT_ASKED
    if needs.names:
        arrival = replace(arrival, names=await inquiry.names.find(arrival.client))
    return policy.decide(arrival, door, rules, time.time()).action is Action.PASS
