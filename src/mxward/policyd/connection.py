"""One connection of a mail server's process: its questions are answered in their order."""

from __future__ import annotations

import asyncio
import os
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from mxward import policy
from mxward.model import Arrival, Decision
from mxward.networks import Address
from mxward.policyd import answers
from mxward.policyd.arrivals import arrival
from mxward.policyd.questions import Malformed, Question, Questions
from mxward.proxy.decider import Decider
from mxward.proxy.eventlog import EventLog
from mxward.proxy.recent import Recent
from mxward.smtp import loglines

__all__ = ["Answering", "Connection", "Manner"]

IDLE = 600.0
"""Seconds for the next question to be whole; Postfix lets go of a connection after 300."""
_MOST_WAITING = 100
"""Questions of one connection that wait; either program asks the next one once it is answered."""
_MOST_UNREAD = 64 * 1024
"""Octets of answers that the other end has not taken yet, while it goes on asking."""


_PAUSE = 60.0
"""Seconds between two complaints of one kind."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What is answered by, of a configuration."""

    decider: Decider
    server: Address  # where clients connect to, where a mail server does not say
    contact: str
    defers: bool  # when nothing can be decided; else the mail server goes on as ever


@dataclass(slots=True)
class Answering:
    """What all connections share. `manner` may be replaced at any time."""

    manner: Manner
    eventlog: EventLog
    recent: Recent
    connections: set[Connection] = field(default_factory=set)
    most: int = 2_000
    idle: float = IDLE
    clock: Callable[[], float] = time.time
    _unheard: Counter[str] = field(default_factory=Counter)
    _told_at: dict[str, float] = field(default_factory=dict)

    def log(self, event: str, fields: Mapping[str, object]) -> None:
        self.eventlog.put(self.clock(), event, fields)

    def complain(self, event: str, **fields: object) -> None:
        """Tell it loudly, but once a minute: whoever can connect could fill the log."""
        now = self.clock()
        self._unheard[event] += 1
        if now - self._told_at.get(event, -_PAUSE) < _PAUSE:
            return
        self._told_at[event] = now
        times = self._unheard.pop(event)
        self.log(event, {"level": "loud", **fields, **({"times": times} if times > 1 else {})})


class Connection(asyncio.Protocol):
    """Reads questions, writes answers; what is no question ends it."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._questions = Questions()
        self._waiting: deque[Question] = deque()
        self._deciding: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._over = False  # the other end has said all
        self._idle: asyncio.TimerHandle | None = None

    # -- the transport --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        shared = self._answering
        if len(shared.connections) >= shared.most:
            shared.complain("policyd-full", connections=shared.most)
            self._transport.abort()
            return
        shared.connections.add(self)
        self._wait_on()

    def data_received(self, data: bytes) -> None:
        try:
            if self._transport is not None and (
                self._transport.get_write_buffer_size() > _MOST_UNREAD
            ):
                raise Malformed("answers are not read")
            self._waiting.extend(self._questions.receive(data))
            if len(self._waiting) > _MOST_WAITING:
                raise Malformed(f"more than {_MOST_WAITING} questions at once")
        except Malformed as why:
            self._malformed(why)
            return
        self._go_on()

    def eof_received(self) -> bool:
        """Exim ends its side once it has asked."""
        self._over = True
        return self._deciding is not None or bool(self._waiting)

    def connection_lost(self, why: Exception | None) -> None:
        self._answering.connections.discard(self)
        self._waiting.clear()
        if self._idle is not None:
            self._idle.cancel()
        if self._deciding is not None:
            self._deciding.cancel()
        self._transport = None

    def close(self) -> None:
        """At once, or when the question under way is answered."""
        self._over = True
        if self._deciding is None and self._transport is not None:
            self._transport.close()

    # -- questions ------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Answer what can be answered without waiting; then wait for one."""
        while self._waiting and self._deciding is None and self._transport is not None:
            self._answer(self._waiting.popleft())
        if self._over and self._deciding is None and self._transport is not None:
            self._transport.close()

    def _answer(self, question: Question) -> None:
        try:
            about = arrival(question, self._answering.manner.server)
            if about is None:
                self._say(answers.passed(question.asker))
                return
            decided = self._answering.manner.decider.at_once(about)
        except Malformed as why:
            self._answering.complain("policyd-malformed", why=str(why))
            self._without_decision(question, _id())
        except Exception:  # noqa: BLE001 - the mail server must be answered
            self._failed(question)
        else:
            if decided is not None:
                self._decided(question, about, decided.decision)
                return
            self._deciding = asyncio.get_running_loop().create_task(self._decide(question, about))

    async def _decide(self, question: Question, about: Arrival) -> None:
        try:
            decided = await self._answering.manner.decider.wait(about)
        except Exception:  # noqa: BLE001 - the mail server must be answered
            self._failed(question)
        else:
            self._decided(question, about, decided.decision)
        self._deciding = None
        self._go_on()

    def _decided(self, question: Question, about: Arrival, decision: Decision) -> None:
        try:
            said = policy.without_rerouting(decision)
            id_ = _id()
            octets = answers.answer(question.asker, said, self._answering.manner.contact, id_)
            log = loglines.decided(about, said, None, None, id_)
            self._answering.log(log.event, {**log.fields, "asker": question.asker.name.lower()})
            self._answering.recent.consider(about, said)
        except Exception:  # noqa: BLE001 - the mail server must be answered
            self._failed(question)
            return
        self._say(octets)

    # -- what goes wrong ------------------------------------------------------------------------

    def _failed(self, question: Question) -> None:
        shared, id_ = self._answering, _id()
        said = "defer" if shared.manner.defers else "dunno"
        fields = {"level": "loud", "id": id_, "answer": said, "trace": traceback.format_exc()}
        shared.log("policyd-failed", fields)
        self._without_decision(question, id_)

    def _without_decision(self, question: Question, id_: str) -> None:
        """As the operator has chosen."""
        if self._answering.manner.defers:
            self._say(answers.failed(question.asker, id_))
        else:
            self._say(answers.passed(question.asker))

    def _malformed(self, why: Malformed) -> None:
        """The mail server goes by what it has been told to do when nobody answers."""
        self._answering.complain("policyd-malformed", why=str(why))
        if self._transport is not None:
            self._transport.abort()
        self._waiting.clear()

    def _say(self, octets: bytes) -> None:
        if self._transport is not None:
            self._transport.write(octets)
            self._wait_on()

    def _wait_on(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        idle = self._answering.idle
        self._idle = asyncio.get_running_loop().call_later(idle, self._expired)

    def _expired(self) -> None:
        if self._deciding is not None:
            self._wait_on()
        elif self._transport is not None:
            self._transport.abort()  # what was answered and is not read yet, nobody waits for


def _id() -> str:
    return os.urandom(4).hex()
