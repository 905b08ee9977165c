"""What a domain's own SPF record says of its servers: who sends for it may well take mail for it.

Followed: ip4, ip6, a, mx, and includes and redirects within the domain itself. Other includes are
other people's servers. Of a network only the operator's own addresses are looked at, and only where
it has 16 addresses at most.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from mxward.audit.front import Facts, addresses_of
from mxward.audit.premises import Premises
from mxward.audit.services import within
from mxward.frontdoor import records, spf
from mxward.frontdoor.hosts import questions
from mxward.model import Kind, Known, Question
from mxward.networks import Address, Network

__all__ = ["Places", "places"]

_MOST_RECORDS = 10  # RFC 7208 4.6.4
_MOST_HOSTS = 20
_MOST_ADDRESSES = 16  # of one network, and so many networks
_MOST_NETWORKS = 64
_LONGEST = 512  # octets; RFC 7208 3.4: longer ones may not be read by everybody


@dataclass(slots=True)
class Places:
    """The addresses, each by the term that names it; the names that lead nowhere."""

    addresses: dict[Address, str] = field(default_factory=dict)
    asks: dict[Question, None] = field(default_factory=dict)
    failed: dict[Question, None] = field(default_factory=dict)
    dangling: list[tuple[str, str]] = field(default_factory=list)  # a term, the name that is gone
    broken: str = ""  # why a record cannot be read by everybody


def places(domain: str, facts: Facts, premises: Premises) -> Places:
    """Read a domain's SPF record, as far as the facts go. Never raises."""
    found = Places()
    waiting, seen = deque([domain]), {domain}
    while waiting and len(seen) <= _MOST_RECORDS:
        name = waiting.popleft()
        values = _values(Question(Kind.TXT, name), facts, found)
        if name == domain:
            found.broken = _broken(values)
        record = spf.read(values, name)
        for network in record.networks[:_MOST_NETWORKS]:
            _add_network(network, premises, found)
        for hosts in record.hosts[:_MOST_HOSTS]:
            _add_hosts(hosts, domain, facts, found)
        for include in record.includes:
            if within(include, domain) and include not in seen:
                seen.add(include)
                waiting.append(include)
    return found


def _values(question: Question, facts: Facts, found: Places) -> tuple[str, ...]:
    answer = facts.get(question)
    if answer is None:
        found.asks[question] = None
        return ()
    if answer.state is Known.FAILED:
        found.failed[question] = None
    return answer.values if answer.state is Known.FOUND else ()


def _broken(values: tuple[str, ...]) -> str:
    """Why receivers may not read what these TXT values say, in a few words."""
    records_ = [value for value in values if f"{value} "[:7].lower() == "v=spf1 "]
    if len(records_) > 1:
        return f"{len(records_)} SPF records, so none counts (RFC 7208 4.5)"
    size = sum(map(len, values))
    if records_ and size > 8 * _LONGEST:
        return f"its TXT records are {size:,} octets long, which few resolvers bring whole"
    unread = spf.read(values, "").unlisted
    cannot = [term for term in unread if not term.lstrip("+").lower().startswith(("exists", "ptr"))]
    plain = [term for term in cannot if "%" not in term]
    return f"it has a term that cannot be read: {plain[0][:80]}" if plain else ""


def _add_network(network: Network, premises: Premises, found: Places) -> None:
    term = f"ip{network.version}:{network}".removesuffix(f"/{network.max_prefixlen}")
    if network.num_addresses > _MOST_ADDRESSES:
        return
    for address in network:
        if network.num_addresses == 1 or premises.is_mine(address):
            found.addresses.setdefault(address, term)


def _add_hosts(hosts: spf.Hosts, domain: str, facts: Facts, found: Places) -> None:
    """An `mx` of the domain itself names its front door, which is looked at elsewhere."""
    for name, term in _names(hosts, domain, facts, found):
        asked = questions(name)
        for question in asked:
            _values(question, facts, found)
        here = addresses_of(name, facts)
        for address in here:
            found.addresses.setdefault(address, term)
        answers = [facts.get(question) for question in asked]
        if all(answer and answer.state is Known.ABSENT for answer in answers):
            found.dangling.append((term, name))


def _names(hosts: spf.Hosts, domain: str, facts: Facts, found: Places) -> Iterator[tuple[str, str]]:
    if hosts.kind is Kind.A:
        yield hosts.name, f"a:{hosts.name}"
    elif hosts.name != domain:
        values = _values(Question(Kind.MX, hosts.name), facts, found)
        for _, name in records.exchanges(values)[:_MOST_HOSTS]:
            yield name, f"mx:{hosts.name}"
