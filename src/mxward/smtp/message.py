"""One message as it streams from client to upstream, and what may yet be said against it.

Nothing is gathered: each block goes on at once. What withholds a message is that its final dot is
not sent. The client's own end is awaited even then, for a reply before it would be out of step.
"""

from __future__ import annotations

from mxward.smtp import loglines, refusals
from mxward.smtp.data import END, DataReader
from mxward.smtp.envelope import Envelope, Settings
from mxward.smtp.identity import Peer
from mxward.smtp.loops import LoopWatch
from mxward.smtp.replies import Reply
from mxward.smtp.rerouting import received
from mxward.smtp.vocabulary import Endpoint, Log

__all__ = ["Message"]


class Message:
    """The stream behind DATA. `verdict` is set where the answer is known before the end; `why`,
    where a peer was lost, is for the log."""

    def __init__(self, envelope: Envelope, helo: str, peer: Peer, settings: Settings) -> None:
        self.verdict: Reply | None = None
        self.why = ""
        self.looped = False
        self._envelope = envelope
        self._helo = helo
        self._peer = peer
        self._settings = settings
        self._reader = DataReader()
        self._watch: LoopWatch | None = None

    @property
    def ended(self) -> bool:
        return self._reader.ended

    @property
    def rest(self) -> bytes:
        """What the client sent behind the end."""
        return self._reader.rest

    def begin(self, now: float) -> bytes:
        """What goes on top: a rerouted message gets its Received line."""
        envelope, settings = self._envelope, self._settings
        if not envelope.rerouted:
            return b""
        recipients = envelope.recipients
        self._watch = LoopWatch(
            settings.mark, settings.loops, envelope.mail.sender, recipients, self._peer.client
        )
        return received(
            settings.mark, self._peer, self._helo, settings.hostname, envelope.id, recipients, now
        )

    def feed(self, data: bytes, now: float) -> bytes:
        """Take what came from the client; return what goes upstream, the final dot included."""
        reader = self._reader
        block = reader.feed(data)
        if self.verdict is not None:
            return b""
        if self._watch is not None and self._watch.looped(block, reader.ended, now):
            self.looped = True
            self.verdict = refusals.rerouted_loop(self._settings.contact, self._envelope.id)
            return b""
        return block + END if reader.ended else block

    def accepted(self, now: float) -> None:
        """The upstream has taken the message over."""
        if self._watch is not None:
            self._watch.taken_over(now)

    def record(self, upstream: Endpoint | None, verdict: Reply | None) -> Log:
        """The line for the log."""
        envelope = self._envelope
        return loglines.message(
            self._peer,
            envelope.id,
            upstream,
            self._reader.size,
            len(envelope.recipients),
            verdict,
            self.why,
        )

    def loop_record(self) -> Log:
        return loglines.loop(self._peer, self._envelope.route, self._envelope.id)
