"""Asking mail servers whether they take mail for domains: all servers at once, each politely.

    probing_settings   manners, politeness, patience
    probing_course     one server: what is asked next, in which way (pure)
    probing_schedule   all servers: when which may be asked (pure)
    probing_session    one session over the network; smtp.probe says what is said in it
    probing_line       the socket, TLS, and the networks that it does not leave

Nothing is asked of an address outside the networks that are given as one's own, and no session can
begin a message: smtp.probe has no such step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from mxward.lookup.probing_course import Course
from mxward.lookup.probing_line import context
from mxward.lookup.probing_schedule import Schedule
from mxward.lookup.probing_session import Session
from mxward.lookup.probing_settings import Manners, Patience, Politeness
from mxward.networks import Address, Networks
from mxward.smtp.inquest import Wanted
from mxward.smtp.probed import Probed

__all__ = ["Manners", "Patience", "Politeness", "Prober", "Progress", "Target"]

_STRANGER = "mxward-audit-{}"
"""A user who cannot exist; whoever finds it in a log knows who has asked."""


@dataclass(frozen=True, slots=True)
class Target:
    """A server, and the domains it is asked about.

    `recipients` are local parts that ought to exist, by domain: asked for where postmaster, who is
    always the first, is not known there.
    """

    server: Address
    port: int
    domains: Sequence[str]
    recipients: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it has come. A pair is a domain at a server."""

    pairs: int
    settled: int
    sessions: int
    commands: int
    running: int
    waits: float | None = None
    """Seconds until the next session may begin, where none is running: what was deferred waits."""


class Prober:
    """`run` it once; `results` can be asked at any time, also where it was cancelled (Ctrl-C).

    `allowed` are the networks that are one's own. `token` gives 32 hexadecimal digits that nobody
    can foresee. Raises ValueError where a domain is not in its normal spelling.
    """

    def __init__(
        self,
        targets: Iterable[Target],
        allowed: Networks,
        manners: Manners,
        token: Callable[[], str],
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._allowed, self._manners = allowed, manners
        self._progress = progress
        self._strangers: dict[str, str] = {}
        self._token = token
        self._courses = [self._course(each) for each in targets]
        self._tls = context()
        self._pairs = sum(course.total for course in self._courses)
        self._settled = self._sessions = self._commands = 0

    async def run(self) -> None:
        """Ask everything. Cancelled, it keeps what was found."""
        loop = asyncio.get_running_loop()
        schedule: Schedule[Course] = Schedule(self._manners.politeness)
        for course in self._courses:
            self._plan(course, schedule, loop.time())
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as sessions:
            while True:
                for course in schedule.take(loop.time()):
                    sessions.create_task(self._hold(course, schedule, ended))
                next_at = schedule.next_at()
                self._tell(schedule, next_at, loop.time())
                if next_at is None and not schedule.running:
                    return
                ended.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(next_at):
                        await ended.wait()

    def results(self) -> list[Probed]:
        """What was found so far, server by server, in the order they were given."""
        return [found for course in self._courses for found in course.results()]

    async def _hold(self, course: Course, schedule: Schedule[Course], ended: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        session = Session(course, self._allowed, self._tls, self._manners)
        try:
            await session.hold()
        finally:
            self._sessions += 1
            self._commands += session.probe.commands
            before = course.settled
            course.take(session.outcome, loop.time())
            self._settled += course.settled - before
            schedule.ended(course.server, loop.time())
            self._plan(course, schedule, loop.time())
            ended.set()

    def _plan(self, course: Course, schedule: Schedule[Course], now: float) -> None:
        if course.due is not None:
            schedule.add(course, course.server, max(course.due, now))

    def _course(self, target: Target) -> Course:
        wanted = []
        for domain in dict.fromkeys(target.domains):
            others = target.recipients.get(domain, ())
            recipients = tuple(dict.fromkeys(("postmaster", *others)))
            wanted.append(Wanted(domain, self._stranger(domain), recipients))
        return Course(target.server, target.port, wanted, self._manners, self._token)

    def _stranger(self, domain: str) -> str:
        """The same one for a domain throughout: who is greylisted must come again as himself."""
        if domain not in self._strangers:
            self._strangers[domain] = _STRANGER.format(self._token()[:16])
        return self._strangers[domain]

    def _tell(self, schedule: Schedule[Course], next_at: float | None, now: float) -> None:
        waits = None if schedule.running or next_at is None else max(0.0, next_at - now)
        self._progress(
            Progress(
                self._pairs,
                self._settled,
                self._sessions,
                self._commands,
                schedule.running,
                waits,
            )
        )
