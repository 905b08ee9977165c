"""The clients of works.bulk_dns: each looks up what an audit asks about many domains.

python -m benchmarks.bulk_dns mxward|dnspython ADDRESS FIRST LAST

The domains are those of peers.resolver, by number. Prints JSON: seconds by the monotonic clock,
seconds of CPU, look-ups made, domains with something found, and the most megabytes resident. What
is found is kept as an audit would: for each domain the numbers of the questions, and values that
domains share.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator

import uvloop

from benchmarks import processes
from benchmarks.peers.resolver import GUESSES, domain_of
from mxward.lookup.bulk import Bulk, Replies
from mxward.lookup.resolver import DnsResolver
from mxward.lookup.stub import Stub, Waiter
from mxward.model import Answer, Kind, Known, Question

_AT_ONCE = 100
_TIMEOUT = 5.0  # seconds

Kept = dict[str, tuple[tuple[int, tuple[str, ...]], ...]]


def questions(domain: str) -> Iterator[Question]:
    """All that is asked about a domain."""
    yield Question(Kind.MX, domain)
    yield Question(Kind.TXT, domain)
    for guess in GUESSES:
        name = f"{guess}.{domain}" if guess else domain
        yield Question(Kind.A, name)
        yield Question(Kind.AAAA, name)


class _Counting:
    """A stub that counts."""

    def __init__(self, stub: Stub) -> None:
        self.asked = 0
        self.timeout = stub.timeout
        self._stub = stub

    def look(self, question: Question, waiter: Waiter) -> None:
        self.asked += 1
        self._stub.look(question, waiter)


async def _mxward(server: str, domains: list[str]) -> tuple[Kept, int, int]:
    kept: Kept = {}
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}
    failed = 0

    def heard(domain: str, replies: Replies) -> None:
        nonlocal failed
        every = enumerate(replies.values())
        found = [(n, reply.values) for n, reply in every if reply.state is Known.FOUND]
        kept[domain] = tuple((n, shared.setdefault(values, values)) for n, values in found)
        failed += sum(reply.state is Known.FAILED for reply in replies.values())

    stub = Stub([(server, 53)], _TIMEOUT)
    counting = _Counting(stub)
    await Bulk(counting).each(domains, questions, heard)
    stub.close()
    return kept, counting.asked, failed


async def _dnspython(server: str, domains: list[str]) -> tuple[Kept, int, int]:
    resolver = DnsResolver([(server, 53)], _TIMEOUT)
    every = ((domain, n, q) for domain in domains for n, q in enumerate(questions(domain)))
    found: dict[str, dict[int, Answer]] = {domain: {} for domain in domains}
    asked = 0

    async def work() -> None:
        nonlocal asked
        for domain, number, question in every:
            asked += 1
            found[domain][number] = await resolver.ask(question)

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    failed = sum(a.state is Known.FAILED for some in found.values() for a in some.values())
    kept = {
        domain: tuple((n, a.values) for n, a in sorted(some.items()) if a.state is Known.FOUND)
        for domain, some in found.items()
    }
    return kept, asked, failed


def main(client: str, server: str, first: int, last: int) -> None:
    """Look up, and print what it took."""
    work = {"mxward": _mxward, "dnspython": _dnspython}[client]
    domains = [domain_of(number) for number in range(first, last)]
    start, cpu = time.monotonic(), time.process_time()
    kept, asked, failed = uvloop.run(work(server, domains))
    told = {
        "seconds": time.monotonic() - start,
        "cpu": time.process_time() - cpu,
        "asked": asked,
        "failed": failed,
        "found": sum(map(len, kept.values())),
        "megabytes": processes.peak_memory(os.getpid()) / 1e6,
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
