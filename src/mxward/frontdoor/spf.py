"""What one SPF record names (RFC 7208), as candidates for where a scanner delivers from.

Supported: ip4, ip6, a, mx, include, redirect; only terms that an SPF check would pass (`+`).
Not supported: taking away (`-ip4:` before a wider `ip4:`), and what names no finite set (`exists`,
`ptr`, macros): those terms are reported as `unlisted`, and the operator declares the networks.
`all` names everybody, so it says nothing about egress. See `expansion` for following the names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from mxward.frontdoor import records
from mxward.model import Kind
from mxward.networks import Address, Network

__all__ = ["Hosts", "Record", "read"]

_TERM = re.compile(r"([+?~-]?)([a-z][a-z0-9_.-]*)([:=/]?)(.*)", re.IGNORECASE | re.DOTALL)
_DOMAIN = re.compile(r"([^/]*)(?:/([0-9]{1,2}))?(?://([0-9]{1,3}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hosts:
    """An `a` or `mx` term: the hosts of a name, and how much around each of their addresses."""

    kind: Kind  # A for the name itself, MX for its exchanges
    name: str
    prefix4: int = 32
    prefix6: int = 128

    def network(self, address: Address) -> Network:
        """What the term names for one address of the hosts."""
        prefix = self.prefix4 if address.version == 4 else self.prefix6
        return ip_network((address, prefix), strict=False)


@dataclass(frozen=True, slots=True)
class Record:
    """What one SPF record names by itself, and the names that lead on."""

    networks: tuple[Network, ...] = ()
    includes: tuple[str, ...] = ()  # redirect too
    hosts: tuple[Hosts, ...] = ()
    unlisted: tuple[str, ...] = ()  # terms that name no finite set, or cannot be read


def read(values: Iterable[str], name: str) -> Record:
    """Read the SPF record among the TXT values of `name`. Never raises.

    Without one, or with several (RFC 7208 4.5: an error), it names nothing.
    """
    found = [v.split(" ") for v in values if f"{v} "[:7].lower() == "v=spf1 "]
    if len(found) != 1:
        return Record()
    terms = [_term(term, name) for term in _in_force(found[0][1:])]
    return Record(
        networks=tuple(n for t in terms for n in t.networks),
        includes=tuple(i for t in terms for i in t.includes),
        hosts=tuple(h for t in terms for h in t.hosts),
        unlisted=tuple(u for t in terms for u in t.unlisted),
    )


def _in_force(terms: list[str]) -> list[str]:
    """The terms that count: a redirect does not where there is an `all` (RFC 7208 6.1)."""
    ends = any(term.lstrip("+?~-").lower() == "all" for term in terms)
    return [t for t in terms if t and not (ends and t.lower().startswith("redirect="))]


def _term(term: str, name: str) -> Record:
    """What one term of the record at `name` names."""
    matched = _TERM.fullmatch(term)
    if not matched:
        return Record(unlisted=(term,))
    qualifier, mechanism, separator, rest = matched.groups()
    if qualifier not in ("", "+"):
        return Record()
    try:
        return _mechanism(mechanism.lower(), separator, rest, name)
    except ValueError:
        return Record(unlisted=(term,))


def _mechanism(mechanism: str, separator: str, rest: str, name: str) -> Record:
    """Raises ValueError where the mechanism cannot be read or names no finite set."""
    match mechanism, separator:
        case "ip4" | "ip6", ":":
            if "%" in rest:  # a zone may be any text, and would be in whatever is written of it
                raise ValueError(rest)
            return Record(networks=(ip_network(rest, strict=False),))
        case ("include", ":") | ("redirect", "="):
            return Record(includes=(_host(rest),))
        case "a" | "mx", "" | ":" | "/":
            kind = Kind.A if mechanism == "a" else Kind.MX
            return Record(hosts=(_hosts(kind, separator.strip(":") + rest, name),))
        case (("exists" | "ptr"), _):
            raise ValueError(mechanism)
    return Record()  # `all`, a modifier, or what RFC 7208 does not know


def _hosts(kind: Kind, rest: str, name: str) -> Hosts:
    matched = _DOMAIN.fullmatch(rest)
    if not matched:
        raise ValueError(rest)
    domain, prefix4, prefix6 = matched.groups()
    narrow4, narrow6 = int(prefix4 or 32), int(prefix6 or 128)
    if narrow4 > 32 or narrow6 > 128:
        raise ValueError(rest)
    return Hosts(kind, _host(domain) if domain else name, narrow4, narrow6)


def _host(name: str) -> str:
    found = records.host(name)
    if not found:
        raise ValueError(name)
    return found
