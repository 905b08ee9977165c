"""The front doors of other times, as far as they are remembered, to judge old mail by.

A domain's front door is remembered for a time where its MX had been asked by then, and was asked
again later or not long before. Of the hosts and SPF names behind the MX counts what was answered at
that time, or else what was answered first. Where something was asked and never answered, the door
is not remembered. The DNS is asked nothing, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import NamedTuple

from mxward.frontdoor.egress import NEVER, Egress, EgressHistory, learn, standing
from mxward.frontdoor.expansion import expand
from mxward.frontdoor.merge import assemble, exchanges, see
from mxward.frontdoor.remember import COOLING_OFF, cooling
from mxward.lookup.histories import Histories, holding, over
from mxward.model import FrontDoor, Kind, Known, Question, Remembered, Scanner
from mxward.store.database import Store

__all__ = ["Past", "Then"]


class Then(NamedTuple):
    """A front door from some time on (seconds since the epoch); None: it is not remembered."""

    since: float
    door: FrontDoor | None


class _Learned(NamedTuple):
    """What a scanner's SPF names had come to at some time."""

    history: EgressHistory
    missing: tuple[Question, ...]


class Past:
    """Tells the front doors of the time from `first` to `last` (seconds since the epoch).

    Every method raises StoreError where the store cannot be read.
    """

    def __init__(
        self, store: Store, scanners: Mapping[str, Scanner], first: float, last: float
    ) -> None:
        self._scanners = scanners
        self._first, self._last = first, last
        self._histories = Histories(store, first - COOLING_OFF)
        self._egress_now = store.egress()
        self._accepted = store.accepted()
        self._learned: dict[str, list[tuple[float, _Learned]]] = {}
        self._ways: dict[tuple[object, ...], list[Then]] = {}

    def load(self, domains: Iterable[str]) -> None:
        """Read what `doors` will need for all of these domains, at once."""
        wanted = list(domains)
        self._histories.load(Kind.MX, wanted)
        said = {
            (mx.values, domain if mx.state is Known.ABSENT else ""): mx  # many say the same
            for domain in wanted
            for mx in self._histories.of(Kind.MX, domain).known
        }
        hosts = {host for (_, own), mx in said.items() for _, host in exchanges(own, mx)}
        self._histories.load(Kind.A, hosts)
        self._histories.load(Kind.AAAA, hosts)

    def present(self) -> Iterator[tuple[Question, Remembered]]:
        """What of all that was read so far is remembered now."""
        return self._histories.present()

    def doors(self, domain: str) -> Sequence[Then]:
        """A domain's front doors, at most 64, in order; the first is that of the beginning."""
        history = self._histories.of(Kind.MX, domain)
        if not history.known:
            return [Then(self._first, None)]
        asked_since = history.since[0]
        changes = any(self._first < change <= self._last for change in history.changes())
        if not changes and asked_since <= self._first and self._last < history.asked_until:
            return self._way(domain, history.known[-1], self._first)
        marks = sorted({*history.changes(), asked_since, history.asked_until, inf})

        def look(at: float, _: object) -> tuple[FrontDoor | None, float]:
            ends = next(mark for mark in marks if mark > at)
            mx = history.at(at)
            if mx is None or not asked_since <= at < history.asked_until:
                return None, ends
            door, holds = holding(self._way(domain, mx, at), at)
            return door, min(ends, holds)

        return [Then(*seen) for seen in over(self._first, self._last, look)]

    def _way(self, domain: str, mx: Remembered, at: float) -> list[Then]:
        """The doors that an MX leads to over the whole time: one list for all that have it."""
        lately = tuple(cooling(mx.former, at))
        own = domain if mx.state is Known.ABSENT else ""
        key = (mx.state, mx.values, lately, own)
        found = self._ways.get(key)
        if found is None:
            lasting = replace(mx, former=tuple((value, inf) for value in lately))
            doors = over(self._first, self._last, lambda at, _: self._door_at(domain, lasting, at))
            found = self._ways[key] = [Then(*seen) for seen in doors]
        return found

    def _door_at(self, domain: str, mx: Remembered, at: float) -> tuple[FrontDoor | None, float]:
        """An MX's door at one time, and when it may be another one."""
        asked: dict[Question, None] = {}

        def recall(question: Question) -> Remembered | None:
            if question == Question(Kind.MX, domain):
                return mx
            asked[question] = None
            return self._histories.at(question, at)

        seen = see(domain, recall, self._scanners, at)
        until = self._histories.next_change(asked, at)
        egresses = {}
        for name in seen.needs_egress_of:
            egresses[name], holds = self._egress_at(name, at)
            until = min(until, holds)
        door = assemble(seen, egresses.__getitem__, at)
        return (None if door.missing else door), until

    # -- where scanners delivered from ------------------------------------------------------------

    def _egress_at(self, name: str, at: float) -> tuple[Egress, float]:
        scanner = self._scanners[name]
        if not scanner.spf:
            return Egress(scanner.egress), inf
        if name not in self._learned:
            self._learned[name] = over(
                self._first - COOLING_OFF,
                self._last,
                lambda at, before: self._learn(scanner, at, before),
            )
        learned, until = holding(self._learned[name], at)
        lapses = (gone.gone_at + COOLING_OFF for gone in learned.history.gone)
        ends = min((lapse for lapse in lapses if lapse > at), default=inf)
        egress = standing(scanner, learned.history, self._accepted.get(name, NEVER), at)
        return replace(egress, missing=learned.missing), min(until, ends)

    def _learn(
        self, scanner: Scanner, at: float, before: _Learned | None
    ) -> tuple[_Learned, float]:
        """By the rule for live answers; since when networks are named, the store knows better."""
        known: dict[Question, Remembered | None] = {}
        while asks := (expansion := expand(scanner.spf, known)).next_asks(known):
            known |= {question: self._histories.at(question, at) for question in asks}
        accepted_at = self._accepted.get(scanner.name, NEVER)
        history = learn(before and before.history, scanner.spf, expansion, accepted_at, at)
        if before is None:
            now = self._egress_now.get(scanner.name, history)
            since = {gone.network: gone.since for gone in now.gone} | dict(now.current)
            named = tuple((network, since.get(network, at)) for network, _ in history.current)
            history = replace(history, current=named)
        missing = tuple(question for question, fact in known.items() if fact is None)
        return _Learned(history, missing), self._histories.next_change(known, at)
