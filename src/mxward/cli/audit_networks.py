"""What SPF names and delivery hosts come to now: the networks of services and declared scanners."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from mxward.audit.services import Services
from mxward.config import Config
from mxward.frontdoor import records
from mxward.frontdoor.expansion import Expansion, expand
from mxward.frontdoor.hosts import questions
from mxward.frontdoor.remember import remember
from mxward.lookup.bulk import Bulk, Replies
from mxward.model import Known, Question, Remembered
from mxward.networks import Network, Networks

__all__ = ["Expanded", "expanded", "published"]

_MOST_ROUNDS = 12


@dataclass(slots=True)
class Expanded:
    """By name of the service or scanner. `failed`: those that could not be looked up whole."""

    services: dict[str, Networks] = field(default_factory=dict)
    scanners: dict[str, Networks] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)


async def expanded(bulk: Bulk, services: Services, config: Config) -> Expanded:
    """Look all of them up, together."""
    names = {service.name: service.spf for service in services if service.spf}
    declared = {name: table.spf for name, table in config.scanners.items() if table.spf}
    hosts = {service.name: service.hosts for service in services if service.hosts}
    every = [*names.values(), *declared.values()]
    facts = await _facts(bulk, every, [host for some in hosts.values() for host in some])
    found = Expanded()
    for name, spf in names.items():
        expansion = expand(spf, facts)
        found.services[name] = Networks(expansion.networks)
        if not expansion.whole:
            found.failed.add(name)
    for name, some in hosts.items():
        here = Networks(_of_hosts(some, facts))
        found.services[name] = found.services.get(name, Networks()) | here
    for name, spf in declared.items():
        expansion = expand(spf, facts)
        found.scanners[name] = Networks(config.scanners[name].egress) | Networks(expansion.networks)
        if not expansion.whole:
            found.failed.add(f"scanners.{name}")
    return found


def published(
    services: Services, config: Config, failed: Iterable[str], belongs: Mapping[str, str]
) -> dict[str, Networks | None]:
    """By declared scanner, what its vendor publishes; None where that could not be looked up.

    `belongs`: the service that each declared scanner is. Of one with an SPF name that is what the
    name comes to, not what was written down.
    """
    lost = set(failed)
    found: dict[str, Networks | None] = {}
    for name in config.scanners:
        service = services.get(belongs.get(name, ""))
        if service is not None:
            found[name] = None if service.name in lost else services.networks(service.name)
    return found


async def _facts(
    bulk: Bulk, spf: Iterable[tuple[str, ...]], hosts: Iterable[str]
) -> Mapping[Question, Remembered | None]:
    facts: dict[Question, Remembered | None] = {}
    asks = [question for host in hosts for question in questions(host)]
    every = list(spf)
    for _ in range(_MOST_ROUNDS):
        asks += _next(every, facts)
        if not asks:
            break
        replies: Replies = {}
        await bulk.ask(dict.fromkeys(asks), replies)
        now = time.time()
        facts |= {question: remember(None, reply, now) for question, reply in replies.items()}
        facts |= {question: None for question in asks if question not in replies}
        asks = []
    return facts


def _next(
    every: Iterable[tuple[str, ...]], facts: Mapping[Question, Remembered | None]
) -> list[Question]:
    expansions: list[Expansion] = [expand(names, facts) for names in every]
    return [question for each in expansions for question in each.next_asks(facts)]


def _of_hosts(
    hosts: Iterable[str], facts: Mapping[Question, Remembered | None]
) -> Iterable[Network]:
    for host in hosts:
        for question in questions(host):
            known = facts.get(question)
            if known is not None and known.state is Known.FOUND:
                yield from (ip_network(address) for address in records.addresses(known.values))
