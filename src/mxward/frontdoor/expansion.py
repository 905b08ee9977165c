"""All the networks that a set of SPF names leads to, as far as the DNS has answered.

`expand` is given the facts at hand and says what it would ask next; whoever asks the DNS calls it
again with the answers until it asks for nothing new. RFC 7208 4.6.4 allows ten look-ups for one
check; several names of a large service expanded together need more, so the bound here is 40.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mxward.frontdoor import records, spf
from mxward.model import Kind, Known, Question, Remembered
from mxward.networks import Network

__all__ = ["MOST_LOOKUPS", "MOST_NETWORKS", "Expansion", "Facts", "expand"]

MOST_LOOKUPS = 40
"""Look-ups that one scanner's SPF names may cost; a host's A and AAAA count as one."""

MOST_NETWORKS = 4096
_MOST_MX_HOSTS = 10  # RFC 7208 4.6.4

Facts = Mapping[Question, Remembered | None]
"""What was asked so far; None stands for a look-up that failed and is not remembered."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """How far a set of SPF names is known.

    `asks` are the questions it rests on, in the order they came up. It is `whole` when each of
    them has an answer and no bound was reached.
    """

    networks: frozenset[Network]
    asks: tuple[Question, ...]
    unlisted: tuple[str, ...]  # terms that name no finite set, or cannot be read
    whole: bool

    def next_asks(self, facts: Facts) -> list[Question]:
        """What to look up before expanding again; nothing when it has come to its end."""
        return [question for question in self.asks if question not in facts]


def expand(names: Iterable[str], facts: Facts) -> Expansion:
    """Follow SPF names as far as the facts go. Never raises."""
    walk = _Walk(facts)
    walk.follow(names)
    answered = all(facts.get(question) is not None for question in walk.asks)
    return Expansion(
        networks=frozenset(walk.networks),
        asks=tuple(walk.asks),
        unlisted=tuple(dict.fromkeys(walk.unlisted)),
        whole=answered and not walk.cut,
    )


class _Walk:
    """One walk over the names, breadth first, each question once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._lookups = 0
        self.asks: dict[Question, None] = {}
        self.networks: set[Network] = set()
        self.unlisted: list[str] = []
        self.cut = False

    def follow(self, names: Iterable[str]) -> None:
        waiting = deque(names)
        while waiting:
            name = waiting.popleft()
            if Question(Kind.TXT, name) in self.asks:
                continue
            record = spf.read(self._ask(name, Kind.TXT), name)
            self.unlisted += record.unlisted
            self._add(record.networks)
            for hosts in record.hosts:
                self._add_hosts(hosts)
            waiting += record.includes

    def _add_hosts(self, hosts: spf.Hosts) -> None:
        names = [hosts.name]
        if hosts.kind is Kind.MX:
            exchanges = records.exchanges(self._ask(hosts.name, Kind.MX))
            names = [name for _, name in exchanges][:_MOST_MX_HOSTS]
        for name in names:
            addresses = records.addresses(self._ask(name, Kind.A, Kind.AAAA))
            self._add(hosts.network(address) for address in addresses)

    def _add(self, networks: Iterable[Network]) -> None:
        for network in networks:
            if len(self.networks) >= MOST_NETWORKS:
                self.cut = True
                return
            self.networks.add(network)

    def _ask(self, name: str, *kinds: Kind) -> tuple[str, ...]:
        """The values known for a name; the questions are noted as asked."""
        questions = [Question(kind, name) for kind in kinds]
        if questions[0] not in self.asks:
            if self._lookups >= MOST_LOOKUPS:
                self.cut = True
                return ()
            self._lookups += 1
            self.asks.update(dict.fromkeys(questions))
        known = [self._facts.get(question) for question in questions]
        return tuple(v for k in known if k and k.state is Known.FOUND for v in k.values)
