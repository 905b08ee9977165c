"""One message as it streams from client to upstream, and what may yet be said against it.

Nothing is gathered: each block goes on at once. What withholds a message is that its end is not
sent. The client's own end is awaited even then, for a reply before it would be out of step.
"""

from __future__ import annotations

from mxward.smtp import loglines, refusals
from mxward.smtp.chunks import ChunkReader
from mxward.smtp.data import DataReader
from mxward.smtp.envelope import Envelope
from mxward.smtp.loops import LoopWatch
from mxward.smtp.replies import Reply, reply
from mxward.smtp.rerouting import received
from mxward.smtp.session import Session
from mxward.smtp.vocabulary import Endpoint, Log

__all__ = ["Message"]

_TOO_LARGE = reply(552, "5.3.4 The message is larger than is taken here")


class Message:
    """A stream with its reader. `verdict` is set where the answer is known before the end; `why`,
    where a peer was lost, is for the log."""

    __slots__ = (
        "_envelope",
        "_most",
        "_reader",
        "_session",
        "_watch",
        "ended_at",
        "loop",
        "verdict",
        "why",
    )

    def __init__(
        self, envelope: Envelope, session: Session, reader: DataReader | ChunkReader, most: int
    ) -> None:
        self.verdict: Reply | None = None
        self.why = ""
        self.loop: Log | None = None  # where it has been sent on before
        self.ended_at = 0.0  # when the upstream was given its end
        self._envelope = envelope
        self._session = session
        self._reader = reader
        self._most = most  # bytes, 0 where there is no limit
        self._watch: LoopWatch | None = None

    @property
    def ended(self) -> bool:
        return self._reader.ended

    @property
    def size(self) -> int:
        """Bytes given on so far."""
        return self._reader.size

    @property
    def rest(self) -> bytes:
        """What the client sent behind the end."""
        return self._reader.rest

    def begin(self) -> bytes:
        """What goes on top: a rerouted message gets its Received line."""
        envelope, session = self._envelope, self._session
        if not envelope.rerouted:
            return b""
        client, settings, recipients = session.client, session.settings, envelope.recipients
        self._watch = LoopWatch(
            settings.mark,
            settings.loops,
            envelope.mail.sender,
            recipients,
            client.peer.client,
        )
        return received(
            settings.mark,
            client.peer,
            client.helo,
            settings.hostname,
            envelope.id,
            recipients,
            session.now,
        )

    def feed(self, data: bytes) -> bytes:
        """Take what came from the client; return what goes upstream, where anything still may."""
        block = self._reader.feed(data)
        if self.verdict is None:
            self.verdict = self._objection(block)
        return block if self.verdict is None else b""

    def _objection(self, block: bytes) -> Reply | None:
        """What stands against the message, if anything."""
        if self._reader.fault is not None:
            return self._reader.fault
        if self._most and self._reader.size > self._most:
            return _TOO_LARGE
        watch, session = self._watch, self._session
        if watch is not None and watch.looped(block, self._reader.ended, session.now):
            envelope = self._envelope
            self.loop = loglines.loop(session.client.peer, envelope.route, envelope.id)
            return refusals.rerouted_loop(session.settings.contact, envelope.id)
        return None

    def accepted(self) -> None:
        """The upstream has taken the message over."""
        if self._watch is not None:
            self._watch.taken_over(self._session.now)

    def record(self, upstream: Endpoint | None, verdict: Reply | None) -> Log:
        """The line for the log."""
        envelope, session = self._envelope, self._session
        waited = session.now - self.ended_at if self.ended_at and verdict is not None else None
        return loglines.message(
            session.client.peer,
            envelope.id,
            upstream,
            self._reader.size,
            len(envelope.recipients),
            verdict,
            self.why,
            waited,
        )
