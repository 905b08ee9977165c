"""TXT records as they are, string by string: for the few domains of which an `Answer` loses it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import dns.asyncresolver
import dns.exception
import dns.nameserver
from dns.rdtypes.ANY.TXT import TXT

from mxward.lockdown.dns.records import Records

__all__ = ["exact_texts"]

_AT_ONCE = 50


async def exact_texts(
    servers: Sequence[tuple[str, int]] | None, patience: float, names: Iterable[str]
) -> dict[str, Records]:
    """By name; those that cannot be had are left out. None reads /etc/resolv.conf."""
    resolver = dns.asyncresolver.Resolver(configure=servers is None)
    if servers is not None:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(*server) for server in servers]
    resolver.cache = None
    room = asyncio.Semaphore(_AT_ONCE)

    async def ask(name: str) -> Records | None:
        try:
            async with room:
                answer = await resolver.resolve(f"{name}.", "TXT", search=False, lifetime=patience)
            values = sorted(rdata.to_text() for rdata in answer if isinstance(rdata, TXT))
        except (dns.exception.DNSException, OSError, ValueError):
            return None
        if answer.rrset is None or answer.canonical_name != answer.qname:
            return None
        return Records(name, "TXT", answer.rrset.ttl, tuple(values))

    found = await asyncio.gather(*map(ask, names))
    return {records.name: records for records in found if records is not None}
