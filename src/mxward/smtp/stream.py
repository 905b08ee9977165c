"""The message of a transaction, by DATA or by BDAT (RFC 3030), to its verdict.

The client's 250 is the upstream's 250, for the message and for each chunk that goes upstream as
one. Chunks become DATA where the upstream takes none; then only the last has an answer of the
upstream's, and those before it say no more than that their octets were read. What stands against a
message is told at its end, or the chunk's, and the upstream is left without an end before that.
"""

from __future__ import annotations

from mxward.smtp.chunks import ChunkReader, Drain
from mxward.smtp.data import DataReader
from mxward.smtp.envelope import LOST, Envelope
from mxward.smtp.message import Message
from mxward.smtp.phases import Phase
from mxward.smtp.replies import Reply, reply
from mxward.smtp.session import Session

__all__ = ["Stream"]

_NO_RECIPIENTS = reply(554, "5.5.1 No valid recipients")


class Stream:
    """One message at a time. `feed` it in the phases DATA, CHUNK and DRAIN."""

    __slots__ = (
        "_chunks",
        "_converted",
        "_drain",
        "_drained",
        "_message",
        "_session",
        "_unanswered",
        "finished",
        "taken",
    )

    def __init__(self, session: Session) -> None:
        self.finished = 0  # messages that had their verdict
        self.taken = 0  # bytes read, of all messages
        self._session = session
        self._message: Message | None = None
        self._chunks: ChunkReader | None = None  # where the message comes in chunks
        self._converted = False  # the chunks go upstream as DATA
        self._unanswered = 0  # chunks of ours
        self._drain: Drain | None = None
        self._drained = LOST  # what is said behind a refused chunk

    @property
    def under_way(self) -> bool:
        """Whether a message has begun."""
        return self._message is not None

    @property
    def whole(self) -> bool:
        """Whether the chunk has no octets to come: it is fed b"" when all else is settled."""
        chunks = self._chunks
        return self._session.phase is Phase.CHUNK and chunks is not None and not chunks.missing

    # -- what the client asks for -------------------------------------------------------------

    def data(self, envelope: Envelope) -> None:
        """DATA: 354 is the upstream's to say."""
        refusal = self._unready(envelope)
        if refusal is not None:
            self._session.say(refusal)
            return
        self._session.phase = Phase.DATA_START
        self._session.delivery.data()

    def chunk(self, envelope: Envelope, size: int, last: bool) -> None:
        """BDAT: a chunk of so many octets."""
        if self._chunks is None:
            refusal = self._unready(envelope)
            if refusal is not None:
                self.refuse_chunk(size, refusal)
                return
            self._begin_chunks(envelope)
        if self._chunks is not None:
            self._chunks.begin(size, last)
        if self._session.phase is not Phase.DATA_START:
            self._session.phase = Phase.CHUNK

    def refuse_chunk(self, size: int, answer: Reply) -> None:
        """Its octets are no commands: they are read, and then it is refused."""
        self._drain, self._drained = Drain(size), answer
        self._session.phase = Phase.DRAIN
        if not size:
            self.feed(b"")

    def feed(self, data: bytes) -> bytes:
        """Take what the client sent; return what stands behind the message or chunk."""
        self.taken += len(data)
        if self._session.phase is Phase.DRAIN:
            return self._feed_drain(data)
        message = self._message
        if message is None:
            return data
        block = message.feed(data)
        if message.verdict is not None:
            self._leave_upstream(message)
        elif self._chunks is None or self._converted:
            self._session.delivery.write(block, message.ended)
        else:
            self._chunk(block, message.ended)
        if self._chunks is None:
            if message.ended:
                self._on_end(message)
        elif self._chunks.chunk_ended:
            self._on_chunk_end(message)
        return message.rest

    def give_up(self, why: str) -> None:
        """The client wants no verdict any more."""
        message, self._message = self._message, None
        self._chunks = None
        if message is not None:
            message.why = message.why or why
            self._session.effects.append(message.record(self._session.delivery.endpoint, None))

    # -- what the upstream says ---------------------------------------------------------------

    def on_data_answer(self, answer: Reply) -> None:
        session, envelope = self._session, self._session.envelope
        if session.phase is not Phase.DATA_START or envelope is None:
            return
        if self._message is not None:  # chunks wait for their 354
            self._on_conversion(self._message, answer)
            return
        session.say(answer)
        session.phase = Phase.COMMAND
        if answer.code == 354:
            session.phase = Phase.DATA
            reader = DataReader(session.client.peer.content)
            self._message = Message(envelope, session, reader, session.offers.size)
            session.delivery.write(self._message.begin())

    def on_chunk_answer(self, answer: Reply) -> None:
        """To a chunk of ours; what the last one is answered is the verdict."""
        session, message = self._session, self._message
        if message is None:
            return
        if answer.positive:
            self._unanswered -= 1
            if session.phase is Phase.CHUNK_ANSWER and not self._unanswered:
                self._answer_chunk(answer)
            return
        session.delivery.abort()  # answers to the chunks behind it would be out of step
        self.on_verdict(answer)

    def on_verdict(self, answer: Reply) -> None:
        """The message is refused, lost or taken before its end, at it, or behind it."""
        message, phase = self._message, self._session.phase
        if message is None:
            return
        if phase is Phase.VERDICT:
            self._finish(message, answer)
            return
        message.verdict = message.verdict or answer
        self._session.delivery.abort()
        if phase is Phase.CHUNK_ANSWER:
            self._answer_chunk(message.verdict)
        elif phase is Phase.DATA_START:
            self._session.phase = Phase.CHUNK

    def on_lost(self, why: str) -> None:
        """The upstream is gone."""
        if self._message is not None:
            self._message.why = why
            self.on_verdict(LOST)
        elif self._session.phase is Phase.DATA_START:
            self.on_data_answer(LOST)

    # -- inside -------------------------------------------------------------------------------

    def _unready(self, envelope: Envelope) -> Reply | None:
        if envelope.lost:
            return LOST
        return None if envelope.recipients else _NO_RECIPIENTS

    def _begin_chunks(self, envelope: Envelope) -> None:
        session, delivery = self._session, self._session.delivery
        self._unanswered = 0
        self._converted = not delivery.takes_chunks
        self._chunks = ChunkReader(
            session.client.peer.content, stuffed=self._converted, binary=envelope.mail.binary
        )
        self._message = Message(envelope, session, self._chunks, session.offers.size)
        if self._converted:
            session.phase = Phase.DATA_START
            delivery.data()
        else:
            self._chunk(self._message.begin(), last=False)

    def _chunk(self, block: bytes, last: bool) -> None:
        """A chunk of ours; what would be an empty one is none."""
        if block or last:
            self._unanswered += 1
            self._session.delivery.chunk(block, last)

    def _on_conversion(self, message: Message, answer: Reply) -> None:
        if answer.code == 354:
            self._session.delivery.write(message.begin())
        else:
            message.verdict = answer
        self._session.phase = Phase.CHUNK

    def _feed_drain(self, data: bytes) -> bytes:
        if self._drain is None:
            return data
        rest = self._drain.feed(data)
        if self._drain.done:
            self._session.phase = Phase.COMMAND
            self._session.say(self._drained)
        return rest

    def _leave_upstream(self, message: Message) -> None:
        """Nothing more goes upstream, and no end."""
        self._session.delivery.abort()
        if message.loop is not None:
            self._session.effects.append(message.loop)
            message.loop = None

    def _on_end(self, message: Message) -> None:
        if message.verdict is not None:
            self._finish(message, message.verdict)
        else:
            message.ended_at = self._session.now
            self._session.phase = Phase.VERDICT

    def _on_chunk_end(self, message: Message) -> None:
        session = self._session
        if message.ended:
            self._on_end(message)
        elif message.verdict is not None:
            self._answer_chunk(message.verdict)
        elif self._converted or not self._unanswered:
            self._answer_chunk(reply(250, f"2.0.0 {message.size} octets so far"))
        else:
            session.phase = Phase.CHUNK_ANSWER

    def _answer_chunk(self, answer: Reply) -> None:
        self._session.phase = Phase.COMMAND
        self._session.say(answer)

    def _finish(self, message: Message, verdict: Reply) -> None:
        """The message is over, and the verdict is the client's answer."""
        session = self._session
        self._message = self._chunks = session.envelope = None
        self.finished += 1
        session.phase = Phase.COMMAND
        session.say(verdict)
        session.delivery.done()
        if verdict.positive:
            message.accepted()
        session.effects.append(message.record(session.delivery.endpoint, verdict))
