"""An SPF record that names what goes, or lacks what comes (RFC 7208).

A term that names hosts by a name is replaced by the addresses that it stood for, so that mail which
the server sends goes on passing. Only terms that pass (`+`) are looked at. Not supported: macros,
`ptr`, `exists`, and records that an `include` leads to: those are somebody else's to change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from mxward.frontdoor import spf
from mxward.lockdown.dns.records import Change, Records
from mxward.lockdown.dns.spelling import quoted, unquoted
from mxward.model import Kind
from mxward.networks import Address, Network, Networks

__all__ = ["MOST", "adding", "changed", "naming", "removing"]

MOST = 450
"""Octets of all TXT records of a name that everybody can read (RFC 7208 3.4)."""

Rewrite = Callable[[str], str]


def changed(txt: Records, rewrite: Rewrite, most: int | None = None) -> Change | None:
    """The change of a domain's TXT records that such a rewriting of its SPF record makes; None
    where it makes none. Raises ValueError where it would grow, and have more than `most` octets.
    """
    at = [n for n, value in enumerate(txt.values) if _is_spf(value)]
    if len(at) != 1:
        return None
    before = unquoted(txt.values[at[0]])
    after = rewrite(before)
    if after == before:
        return None
    others = [value for n, value in enumerate(txt.values) if n != at[0]]
    values = tuple(sorted((*others, quoted(after))))
    if most is not None and len(after) > max(most, len(before)):
        raise ValueError(f"the SPF record of {txt.name} would have {len(after)} octets")
    return Change(txt.name, "TXT", txt.values, values, txt.ttl, txt.ttl)


def _is_spf(value: str) -> bool:
    return f"{unquoted(value)} "[:7].lower() == "v=spf1 "


def naming(domain: str, gone: Mapping[str, tuple[Address, ...]], left: frozenset[str]) -> Rewrite:
    """Names that go are replaced by the addresses that they had; names `left` keep others, so those
    terms stay beside them.
    """

    def rewrite(text: str) -> str:
        terms: list[str] = []
        here = _networks(text, domain)
        for term in text.split(" "):
            hosts = _host(term, domain)
            if hosts is None or hosts.name not in gone:
                terms.append(term)
                continue
            if hosts.name in left:
                terms.append(term)
            wanted = dict.fromkeys(hosts.network(each) for each in gone[hosts.name])
            terms += [_term(net) for net in wanted if not _within(net, here)]
            here |= Networks(wanted)
        return " ".join(terms)

    return rewrite


def adding(domain: str, old: Networks, names: Iterable[str], new: Iterable[Address]) -> Rewrite:
    """Where a term names an old address of the mail server, itself or by a name, the new ones come
    after it.
    """
    leading = frozenset(names)

    def rewrite(text: str) -> str:
        here = _networks(text, domain)
        coming = [_term(_alone(each)) for each in new if each not in here]
        terms: list[str] = []
        for term in text.split(" "):
            terms.append(term)
            if coming and _names_old(term, domain, old, leading):
                terms += coming
                coming = []
        return " ".join(terms)

    return rewrite


def removing(domain: str, old: Networks) -> Rewrite:
    """Terms that name nothing but an old address go."""

    def rewrite(text: str) -> str:
        return " ".join(
            term
            for term in text.split(" ")
            if not any(
                net.num_addresses == 1 and net.network_address in old for net in _nets(term, domain)
            )
        )

    return rewrite


def _record(term: str, domain: str) -> spf.Record:
    return spf.read((f"v=spf1 {term}",), domain)


def _host(term: str, domain: str) -> spf.Hosts | None:
    """The hosts of an `a` term."""
    if term[:1] not in "aA+" or term == "":  # most are others: quick
        return None
    found = _record(term, domain).hosts
    return found[0] if found and found[0].kind is Kind.A else None


def _nets(term: str, domain: str) -> tuple[Network, ...]:
    return _record(term, domain).networks


def _networks(text: str, domain: str) -> Networks:
    return Networks(spf.read((text,), domain).networks)


def _within(net: Network, here: Networks) -> bool:
    """Whether all of a network is named already."""
    return net in tuple(here) or (net.num_addresses == 1 and net.network_address in here)


def _alone(address: Address) -> Network:
    return spf.Hosts(Kind.A, "").network(address)


def _term(net: Network) -> str:
    whole = net.prefixlen == net.max_prefixlen
    return f"ip{net.version}:{net.network_address if whole else net}"


def _names_old(term: str, domain: str, old: Networks, leading: frozenset[str]) -> bool:
    if any(any(each.network_address in net for each in old) for net in _nets(term, domain)):
        return True
    hosts = _host(term, domain)
    return hosts is not None and hosts.name in leading
