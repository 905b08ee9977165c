"""Asking the DNS one question: the narrow `Resolver` that everything else asks through.

Supported: MX, A, AAAA, TXT, PTR, TLSA, CNAME, NS, SOA, SRV and CAA; TCP where an answer is
truncated, EDNS(0), CNAME chains (also where the server leaves the rest of the chain to us),
negative TTLs (RFC 2308), IDN.
Not supported: DNSSEC validation (ask a validating resolver on loopback), search lists, a cache (see
`cache`), referrals: the servers must be recursive, or authoritative for all that is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol, cast

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.CAA import CAA
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.ANY.TLSA import TLSA
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.SRV import SRV

from mxward import domains
from mxward.model import Answer, Kind, Known, Question

__all__ = ["DnsResolver", "Resolver"]

_FAILED = Answer(Known.FAILED)
_PAYLOAD = 1232  # octets of a UDP answer that need no fragments on any path
_LONGEST_CHAIN = 8  # times that the rest of a CNAME chain is asked for
_TRIES = 2  # questions sent to one server within the time


class Resolver(Protocol):
    """Answers one question at a time, without a memory."""

    async def ask(self, question: Question) -> Answer:
        """Ask the DNS. Never raises: whatever is not an answer is FAILED."""
        ...


class DnsResolver:
    """Asks DNS servers through dnspython.

    `servers` are (address, port) pairs; None reads /etc/resolv.conf, once. `timeout` bounds one
    look-up in all, in seconds. Raises ValueError where there is no server to ask.
    """

    def __init__(self, servers: Sequence[tuple[str, int]] | None, timeout: float) -> None:
        try:
            self._dns = dns.asyncresolver.Resolver(configure=servers is None)
        except dns.resolver.NoResolverConfiguration as why:
            raise ValueError(f"no DNS servers: {why}") from why
        if servers is not None:
            self._dns.nameservers = [dns.nameserver.Do53Nameserver(*server) for server in servers]
        if not self._dns.nameservers:
            raise ValueError("no DNS servers are given")
        self._dns.cache = None
        self._dns.use_edns(0, 0, _PAYLOAD)
        self._dns.timeout = timeout / (_TRIES * len(self._dns.nameservers))
        self._timeout = timeout

    async def ask(self, question: Question) -> Answer:
        """Ask the DNS. Never raises: whatever is not an answer is FAILED."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._follow(question)
        except Exception:  # noqa: BLE001 - dnspython reads what strangers wrote
            return _FAILED

    async def _follow(self, question: Question) -> Answer:
        """Ask, and ask on where a CNAME chain leaves the answer."""
        name = first = dns.name.from_text(domains.normal(question.name))
        ttl = float("inf")
        for _ in range(_LONGEST_CHAIN):
            message = await self._query(name, question.kind)
            result = message.resolve_chaining()
            ttl = min(ttl, result.minimum_ttl)
            led_to = _text(result.canonical_name) if result.canonical_name != first else ""
            if result.answer is not None:
                values = tuple(_value(rdata) for rdata in result.answer)
                return Answer(Known.FOUND, values, ttl, led_to)
            if _has_soa(message):
                return Answer(Known.ABSENT, (), ttl, led_to)
            if _denies(message, bool(result.cnames)):
                return Answer(Known.ABSENT, (), 0.0, led_to)  # RFC 2308 5: not to be kept
            if not result.cnames:
                return _FAILED
            name = result.canonical_name
        return _FAILED

    async def _query(self, name: dns.name.Name, kind: Kind) -> dns.message.QueryMessage:
        try:
            answer = await self._dns.resolve(
                name,
                kind.value,
                raise_on_no_answer=False,
                search=False,
                lifetime=self._timeout,
            )
        except dns.resolver.NXDOMAIN as absent:
            return cast(dns.message.QueryMessage, absent.kwargs["responses"][name])
        return answer.response


def _denies(message: dns.message.QueryMessage, led_on: bool) -> bool:
    """Whether a message with neither the record nor an SOA says that there is none.

    It may also be a referral (RFC 2308 2.2), come from a server that knows nothing of the zone, or
    leave the rest of a CNAME chain to us.
    """
    if message.rcode() == dns.rcode.NXDOMAIN:
        return True
    refers = any(rrset.rdtype == dns.rdatatype.NS for rrset in message.authority)
    answers = message.flags & dns.flags.AA or (message.flags & dns.flags.RA and not refers)
    return bool(answers) and not led_on


def _has_soa(message: dns.message.QueryMessage) -> bool:
    return any(rrset.rdtype == dns.rdatatype.SOA for rrset in message.authority)


def _value(rdata: dns.rdata.Rdata) -> str:
    match rdata:
        case MX():
            return f"{rdata.preference} {_text(rdata.exchange)}"
        case PTR() | CNAME() | NS():
            return _text(rdata.target)
        case SOA():
            numbers = (rdata.serial, rdata.refresh, rdata.retry, rdata.expire, rdata.minimum)
            return " ".join((_text(rdata.mname), _text(rdata.rname), *map(str, numbers)))
        case SRV():
            return f"{rdata.priority} {rdata.weight} {rdata.port} {_text(rdata.target)}"
        case CAA():
            return " ".join((str(rdata.flags), _ascii(rdata.tag), _ascii(rdata.value)))
        case TLSA():
            return f"{rdata.usage} {rdata.selector} {rdata.mtype} {rdata.cert.hex()}"
        case TXT():
            return _ascii(b"".join(rdata.strings))
    return rdata.to_text()


def _ascii(octets: bytes) -> str:
    return octets.decode("ascii", "backslashreplace")


def _text(name: dns.name.Name) -> str:
    """A name as it is written, lower case, without the final dot; the root is `.`."""
    return name.to_text(omit_final_dot=name != dns.name.root).lower()
