"""Very many questions, domain by domain: as fast as the resolver bears, in little memory.

Questions are made when they are due, and the replies of a domain are given away when its last has
come, so nothing here grows with the number of domains.

- One question at a time for a name, whoever wants it; when there is no such name (NXDOMAIN), its
  other types are not asked for. What is asked twice at once is asked once.
- A domain is first asked one thing at a time, until anything is answered. Where nothing is, three
  times in a row, its servers are dead: the rest of it counts as FAILED, unasked. Dead domains would
  otherwise take all the places.
- `Window` says how many questions may be under way. When nothing at all is answered for long, the
  DNS servers are away, and it ends with that.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Protocol

from mxward.lookup.chase import NOTHING, Reply
from mxward.lookup.stub import Waiter
from mxward.lookup.window import Window
from mxward.model import Known, Question

__all__ = ["Bulk", "Heard", "Looks", "NoAnswers", "Progress", "Replies"]

MOST = 500
"""Questions under way: resolvers lose answers where it is thousands."""

_GIVE_UP = 3  # questions without an answer, of a domain that has given none

_SILENCE = 6  # times that the stub has for a question, in which nothing is answered

Replies = dict[Question, Reply]
Heard = Callable[[str, Replies], None]
"""What came of one domain. Where the look-ups were broken off, questions may be missing."""

Progress = Callable[[int, int], None]
"""How many domains are done, and of how many."""


class NoAnswers(Exception):
    """Nothing is answered any more, so there is no use in asking on."""


class Looks(Protocol):
    """What asks for a `Bulk`: a `Stub`. `timeout` is how long a question may take, in seconds."""

    timeout: float

    def look(self, question: Question, waiter: Waiter) -> None:
        """Ask, and tell whoever waits, perhaps at once."""
        ...


class Bulk:
    """Asks through a stub, `most` questions at a time."""

    def __init__(self, stub: Looks, *, most: int = MOST) -> None:
        self._stub = stub
        self._most = most

    async def each(
        self,
        domains: Collection[str],
        questions: Callable[[str], Iterable[Question]],
        heard: Heard,
        progress: Progress | None = None,
    ) -> None:
        """Ask all `questions` of each domain, and tell what was `heard` of it.

        Raises what these functions raise, and NoAnswers. Then, and when it is cancelled, it has
        told what came of the domains that were done or under way, and nothing of the others.
        """
        await _Run(self._stub, self._most, domains, questions, heard, progress).run()

    async def ask(
        self,
        questions: Iterable[Question],
        into: MutableMapping[Question, Reply],
        progress: Progress | None = None,
    ) -> None:
        """Ask questions that are not many, and put each reply `into` a mapping when it has come.

        `progress` counts names. Raises NoAnswers.
        """
        by_name: dict[str, list[Question]] = {}
        for question in questions:
            by_name.setdefault(question.name, []).append(question)
        await self.each(
            by_name, by_name.__getitem__, lambda _, replies: into.update(replies), progress
        )


class _Run:
    """One call's look-ups."""

    def __init__(
        self,
        stub: Looks,
        most: int,
        domains: Collection[str],
        questions: Callable[[str], Iterable[Question]],
        heard: Heard,
        progress: Progress | None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._now = loop.time
        self._stub = stub
        self._patience = _SILENCE * stub.timeout
        self._answered_at = loop.time()
        self._window = Window(most, loop.time())
        self._domains = iter(domains)
        self._questions = questions
        self._heard = heard
        self._progress = progress
        self._done, self._of = 0, len(domains)
        self._open: dict[_Domain, None] = {}
        self._ready: deque[_Wanted] = deque()
        self._flights: dict[str, _Wanted] = {}  # by name
        self._over: asyncio.Future[None] = loop.create_future()
        self._filling = False

    async def run(self) -> None:
        """Until all is told. Raises what the functions of whoever asked have raised."""
        try:
            self._fill()
            await self._over
        except (asyncio.CancelledError, NoAnswers):
            for domain in self._open:
                self._heard(domain.name, domain.replies)
            raise
        finally:
            self._over.cancel()  # replies may still come

    def take(self, wanted: _Wanted, reply: Reply) -> None:
        """A reply has come; go on with what waited for it."""
        if self._over.done():
            return
        del self._flights[wanted.question.name]
        if reply.state is not Known.FAILED:
            self._answered_at = now = self._now()
            self._window.answered(now)
        try:
            self._settle(wanted, reply)
            for other in wanted.others:
                if reply.no_such_name or other.question == wanted.question:
                    self._settle(other, reply)
                else:
                    self._ready.appendleft(other)
            if not self._filling:  # a reply that came at once is within
                self._fill()
        except Exception as why:  # noqa: BLE001 - whoever asked must hear of it
            self._over.set_exception(why)

    def lost(self, wanted: _Wanted) -> None:
        """A question has got lost. Of a domain that never answers it says nothing."""
        now = self._now()
        if wanted.domain.answers:
            self._window.lost(now)
        if now - self._answered_at > self._patience and not self._over.done():
            self._over.set_exception(NoAnswers)

    def _fill(self) -> None:
        """Ask as much as there may be under way."""
        self._filling = True
        try:
            while len(self._flights) < self._window.size:
                wanted = self._ready.popleft() if self._ready else self._open_next()
                if wanted is None:
                    break
                self._launch(wanted)
        finally:
            self._filling = False
        if not self._flights and not self._over.done():
            self._over.set_result(None)

    def _open_next(self) -> _Wanted | None:
        """The first question of the next domain that has any."""
        for name in self._domains:
            domain = _Domain(name, deque(dict.fromkeys(self._questions(name))))
            self._open[domain] = None
            if domain.rest:
                return self._next_of(domain)
            self._close(domain)
        return None

    def _next_of(self, domain: _Domain) -> _Wanted:
        domain.awaited += 1
        return _Wanted(self, domain, domain.rest.popleft())

    def _launch(self, wanted: _Wanted) -> None:
        name = wanted.question.name
        if flight := self._flights.get(name):
            flight.others = (*flight.others, wanted)
        elif missing := wanted.domain.missing.get(name):
            self._settle(wanted, missing)
        else:
            self._flights[name] = wanted
            self._stub.look(wanted.question, wanted)

    def _settle(self, wanted: _Wanted, reply: Reply) -> None:
        domain = wanted.domain
        domain.replies[wanted.question] = reply
        domain.awaited -= 1
        if reply.no_such_name:
            domain.missing[wanted.question.name] = reply
        if not domain.answers:
            self._try_on(domain, reply)
        if not domain.awaited:
            self._close(domain)

    def _try_on(self, domain: _Domain, reply: Reply) -> None:
        """Ask all the rest of a domain that answers; of another one thing more, or give it up."""
        if reply.state is not Known.FAILED:
            domain.answers = True
            domain.awaited += len(domain.rest)
            self._ready.extend([_Wanted(self, domain, question) for question in domain.rest])
            domain.rest.clear()
            return
        domain.failures += 1
        if domain.failures >= _GIVE_UP:
            domain.replies.update(dict.fromkeys(domain.rest, NOTHING))
        elif domain.rest:
            self._ready.append(self._next_of(domain))

    def _close(self, domain: _Domain) -> None:
        """Nothing more will come of a domain."""
        del self._open[domain]
        self._done += 1
        self._heard(domain.name, domain.replies)
        if self._progress is not None:
            self._progress(self._done, self._of)


@dataclass(slots=True, eq=False)
class _Domain:
    """A domain that is being asked for."""

    name: str
    rest: deque[Question]  # not wanted yet
    replies: Replies = field(default_factory=dict)
    missing: dict[str, Reply] = field(default_factory=dict)  # names that there are not
    awaited: int = 0
    answers: bool = False  # anything was answered
    failures: int = 0  # before that


@dataclass(slots=True, eq=False)
class _Wanted:
    """One question of a domain, and the others for the same name, which wait for it."""

    run: _Run
    domain: _Domain
    question: Question
    others: tuple[_Wanted, ...] = ()

    def heard(self, reply: Reply) -> None:
        self.run.take(self, reply)

    def lost(self) -> None:
        self.run.lost(self)
