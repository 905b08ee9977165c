"""Which of the names that anybody can guess lead to the mail server now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable

from mxward.lookup.resolver import Resolver
from mxward.model import Kind, Known, Question
from mxward.networks import Address, address

__all__ = ["GUESSED", "leading"]

GUESSED = ("", "mail.", "www.", "smtp.")
"""What stands before the domain in names that anybody would try first."""

_AT_ONCE = 200


async def leading(
    domains: Iterable[str],
    servers: Collection[Address],
    resolver: Resolver,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> dict[str, list[str]]:
    """By domain, the names that have an address of the mail server.

    A name that cannot be looked up counts as none: it leads nobody there now.
    """
    wanted = tuple(domains)
    slots = asyncio.Semaphore(_AT_ONCE)
    found: dict[str, list[str]] = {domain: [] for domain in wanted}
    kinds = {4: Kind.A, 6: Kind.AAAA}
    asked = {kinds[server.version] for server in servers}
    done = 0

    async def ask(domain: str) -> None:
        nonlocal done
        for before in GUESSED:
            async with slots:
                for kind in asked:
                    answer = await resolver.ask(Question(kind, before + domain))
                    here = answer.state is Known.FOUND and any(
                        address(value) in servers for value in answer.values
                    )
                    if here and before + domain not in found[domain]:
                        found[domain].append(before + domain)
        done += 1
        progress(done, len(wanted))

    await asyncio.gather(*map(ask, wanted))
    return found
