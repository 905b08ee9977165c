"""What the DNS publishes about certificates: TLSA records, and which own domains have MTA-STS.

A domain is *own* where the mail server is among its MX: senders meet mxward's certificate there.
Not supported: the MTA-STS policy itself, which is on a web server; that there is one is enough.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mxward.lookup.dane import Association, associations, name_of
from mxward.lookup.doors import Doors
from mxward.lookup.resolver import Resolver
from mxward.model import Answer, FrontDoor, Kind, Known, Question
from mxward.networks import Address
from mxward.store.recollection import Recollection

__all__ = ["MOST", "Published", "published"]

MOST = 200
"""Domains that are looked at."""
_AT_ONCE = 20
_PATIENCE = 30.0  # seconds for all look-ups together


@dataclass(slots=True)
class Published:
    """What was found. `failed` are the questions that nobody answered."""

    hosts: dict[str, list[str]] = field(default_factory=dict)  # MX hosts of own domains, and these
    tlsa: dict[str, tuple[Association, ...]] = field(default_factory=dict)  # by host
    mta_sts: set[str] = field(default_factory=set)
    failed: list[Question] = field(default_factory=list)


async def published(
    resolver: Resolver,
    domains: Sequence[str],
    own: frozenset[Address],
    names: Iterable[str],
    within: float = _PATIENCE,
) -> Published:
    """Look at these domains, and at hosts with these names as well. Takes `within` s at most."""
    asking = _Bounded(resolver, asyncio.get_running_loop().time() + within)
    found = Published()
    doors = Doors(asking, {}, Recollection(), time.time)
    for domain, door in zip(domains, await asyncio.gather(*map(doors.find, domains)), strict=True):
        _add(found, domain, door, own)
    owned = sorted({domain for each in found.hosts.values() for domain in each})
    hosts = list(dict.fromkeys([*found.hosts, *names]))
    policies = {domain: Question(Kind.TXT, f"_mta-sts.{domain}") for domain in owned}
    records = {host: Question(Kind.TLSA, name_of(host)) for host in hosts}
    answers = await _ask_all(asking, [*policies.values(), *records.values()])
    found.failed += [question for question, a in answers.items() if a.state is Known.FAILED]
    found.mta_sts = {d for d, question in policies.items() if _is_policy(answers[question])}
    found.tlsa = {h: tuple(associations(answers[q].values)) for h, q in records.items()}
    return found


def _add(found: Published, domain: str, door: FrontDoor, own: frozenset[Address]) -> None:
    for exchange in door.exchanges:
        if own & frozenset(exchange.addresses):
            found.hosts.setdefault(exchange.name, []).append(domain)
    found.failed += [question for question in door.missing if question not in found.failed]


def _is_policy(answer: Answer) -> bool:
    """Whether there is exactly one record of MTA-STS (RFC 8461 3.1)."""
    fields = (value.partition(";")[0].replace(" ", "") for value in answer.values)
    return sum(first == "v=STSv1" for first in fields) == 1


async def _ask_all(resolver: Resolver, questions: Sequence[Question]) -> Mapping[Question, Answer]:
    answers = await asyncio.gather(*map(resolver.ask, questions))
    return dict(zip(questions, answers, strict=True))


class _Bounded:
    """Asks few questions at once, and none any more when the time is over."""

    def __init__(self, resolver: Resolver, until: float) -> None:
        self._resolver = resolver
        self._until = until
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def ask(self, question: Question) -> Answer:
        """Ask the DNS. Never raises: whatever is not an answer is FAILED."""
        try:
            async with asyncio.timeout_at(self._until), self._slots:
                return await self._resolver.ask(question)
        except TimeoutError:
            return Answer(Known.FAILED)
