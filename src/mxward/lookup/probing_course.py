"""One server's course: which domains it is asked about next, in which way, and when it is done.

Pure: sessions are planned here and held elsewhere. Everything is asked by the null sender and with
a name that asks for marks; who refuses the sender is asked by the configured one, who refuses us
by our plain name. A domain is asked in another way only as long as its refusal says nothing of the
door. When everything was asked, what was deferred is asked again, twice by default.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from mxward.lookup.probing_settings import Manners
from mxward.networks import Address
from mxward.smtp import auditmark
from mxward.smtp.inquest import Wanted
from mxward.smtp.probe import Probe, Way
from mxward.smtp.probed import About, Answered, Probed

__all__ = ["Course", "Outcome"]

_MOST_BREAKS = 3
"""Sessions in a row that break having learned of one domain or none."""
_MOST_LINES = 150
"""Of a transcript of several sessions."""
_ANSWERED = (Answered.ACCEPTED, Answered.REFUSED, Answered.DEFERRED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one session."""

    found: Sequence[Probed]
    left: Sequence[Wanted] = ()
    broke: str = ""  # why it ended before its time
    tls_failed: bool = False
    turned_away: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _How:
    """A way to ask, before there is a nonce."""

    marked: bool
    sender: str


class Course:
    """`session` while `due` says when; then `take` what became of it. One session at a time.

    `token` gives 32 hexadecimal digits that nobody can foresee. Times are in seconds.
    """

    def __init__(
        self,
        server: Address,
        port: int,
        wanted: Iterable[Wanted],
        manners: Manners,
        token: Callable[[], str],
    ) -> None:
        self.server, self.port = server, port
        self.implicit = port in manners.implicit
        self._manners, self._token = manners, token
        self._wanted = {each.domain: each for each in wanted}
        self._found: dict[str, Probed] = {}
        self._how = _How(bool(manners.key), "")
        self._asking: dict[_How, deque[Wanted]] = {self._how: deque(self._wanted.values())}
        self._deferred: list[tuple[_How, Wanted]] = []
        self._due = 0.0
        self._all_asked_at = 0.0
        self._retries = 0
        self._breaks = 0
        self._spent = 0.0
        self._under_way = 0
        self._trusting: bool | None = None
        self._starttls = manners.starttls

    @property
    def due(self) -> float | None:
        """When the next session may begin; None where there is nothing left to ask."""
        return self._due if any(self._asking.values()) else None

    @property
    def total(self) -> int:
        return len(self._wanted)

    @property
    def settled(self) -> int:
        """Domains that will not be asked about again."""
        waiting = sum(map(len, self._asking.values())) + len(self._deferred)
        return len(self._wanted) - waiting - self._under_way

    def session(self) -> Probe:
        """The next session, not yet begun."""
        self._how = next(how for how, asking in self._asking.items() if asking)
        host, nonce = self._manners.host, self._token() if self._how.marked else ""
        helo = auditmark.name_for(nonce, host) if nonce else host
        bounds = self._manners.politeness.bounds
        asking = self._asking[self._how]
        wanted = [*islice(asking, bounds.recipients)]
        for _ in wanted:
            asking.popleft()
        self._under_way = len(wanted)
        return Probe(
            Way(helo, nonce, self._how.sender),
            wanted,
            key=self._manners.key,
            control=self._manners.control if self._trusting is None else "",
            implicit=self.implicit,
            starttls=self._starttls,
            bounds=bounds,
        )

    def take(self, outcome: Outcome, now: float) -> None:
        """The session has ended like this, now."""
        self._under_way = 0
        self._spent += outcome.seconds
        self._asking[self._how].extendleft(reversed(outcome.left))
        answered = [each for each in outcome.found if each.answered in _ANSWERED]
        if outcome.tls_failed and self._starttls and not self.implicit:
            self._starttls = False  # once more, in the clear
            unheard = [x for x in outcome.found if x.answered not in _ANSWERED]
            self._asking[self._how].extendleft(self._wanted[x.domain] for x in reversed(unheard))
        else:
            for each in outcome.found:
                self._weigh(each)
        for each in answered:
            self._trusting = each.trusting if self._trusting is None else self._trusting
        self._breaks = self._breaks + 1 if outcome.broke and len(answered) < 2 else 0
        silent = Probed(self.server, self.port, "", Answered.SILENT)
        if outcome.turned_away:
            self._give_up(outcome.found[0])
        elif self._breaks >= _MOST_BREAKS:
            self._give_up(replace(silent, why=outcome.broke))
        elif self._spent >= self._manners.patience.server:
            self._give_up(replace(silent, why=f"it took {self._spent:.0f} s for what was asked"))
        self._go_round(now)

    def results(self) -> list[Probed]:
        """One for each domain, in the order they were given."""
        unasked = Probed(self.server, self.port, "", Answered.NOT_ASKED, why="it was not its turn")
        found = (self._found.get(x) or replace(unasked, domain=x) for x in self._wanted)
        trusting = self._trusting
        return [x if x.trusting is trusting else replace(x, trusting=trusting) for x in found]

    # -- one domain's answer -------------------------------------------------------------------

    def _weigh(self, found: Probed) -> None:
        """What it comes to: the last word, unless that is silence behind an answer."""
        wanted = self._wanted[found.domain]
        before = self._found.get(found.domain)
        if before is None or found.answered in _ANSWERED:
            self._found[found.domain] = _behind(before, found)
        if found.guarded is not None:
            return
        another = self._other_way(found)
        if another is not None:
            self._asking.setdefault(another, deque()).append(wanted)
        elif _is_put_off(found) or _half_asked(found, wanted):
            self._deferred.append((self._how, wanted))

    def _other_way(self, found: Probed) -> _How | None:
        """How to ask again where an answer says nothing of the door; None where it is final."""
        how, sender = self._how, self._manners.sender
        if found.answered not in (Answered.REFUSED, Answered.DEFERRED):
            return None
        if found.about is About.CLIENT and how.marked:
            return _How(False, how.sender)
        unclear = found.about is About.UNCLEAR and found.answered is Answered.REFUSED
        if (found.about is About.SENDER or unclear) and sender and not how.sender:
            return _How(how.marked, sender)
        return None

    # -- the whole server ----------------------------------------------------------------------

    def _give_up(self, silent: Probed) -> None:
        """Nothing more is asked; this holds for those that have no answer."""
        for asking in self._asking.values():
            for each in asking:
                self._found.setdefault(each.domain, replace(silent, domain=each.domain))
            asking.clear()
        self._deferred.clear()

    def _go_round(self, now: float) -> None:
        """When everything was asked, what was deferred is to be asked again."""
        retries = self._manners.politeness.retries
        if any(self._asking.values()) or not self._deferred:
            return
        if self._retries == 0:
            self._all_asked_at = now
        if self._retries < len(retries):
            self._due = self._all_asked_at + retries[self._retries]
            self._retries += 1
            for how, wanted in self._deferred:
                self._asking.setdefault(how, deque()).append(wanted)
        self._deferred.clear()


def _is_put_off(found: Probed) -> bool:
    """Whether another time may have another answer. Postfix says 454 to what it does not relay."""
    return found.answered is Answered.DEFERRED and found.about is not About.DOMAIN


def _half_asked(found: Probed, wanted: Wanted) -> bool:
    """Whether the stranger was deferred: a greylister sees that recipient for the first time."""
    accepted = found.answered is Answered.ACCEPTED
    return accepted and found.catch_all is None and bool(wanted.stranger)


def _behind(before: Probed | None, found: Probed) -> Probed:
    """The evidence of both: how it was asked before, and now."""
    if before is None or not before.transcript:
        return found
    later = f"         ! asked again, {found.started_at - before.started_at:.0f} s after that"
    lines = (*before.transcript, later, *found.transcript)
    return replace(found, transcript=lines[-_MOST_LINES:], started_at=before.started_at)
