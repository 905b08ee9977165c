"""Messages that Postfix is at work on: what its daemons tell of each, joined by queue id.

Who brings a message stands first, and is no arrival yet. That it was taken, its sender, its size
and how many recipients it has say the queue manager, and who they are the delivery agents. A
message goes out when all of them were seen, when it is removed, or at the end with those seen.
Ids are given again: a new beginning ends whatever had the id. Bounded in messages and recipients:
of too many the oldest goes as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mxward.maillog.logged import Logged, Outcome
from mxward.maillog.octets import text
from mxward.maillog.postfix_entry import named
from mxward.maillog.postfix_peers import OWN, Origin
from mxward.maillog.postfix_sessions import Tls

__all__ = ["Key", "Message", "Messages"]

RECIPIENTS = 10
"""How many each of the messages that wait may have, on the average."""

Key = tuple[bytes, bytes]
"""The host, and the queue id."""

_ACCEPTED = Outcome.ACCEPTED
_NO_TLS = (None, None, None)


class Message:
    """What is known of one."""

    __slots__ = ("at", "expected", "line", "origin", "recipients", "sender", "size", "tls")

    def __init__(self, at: float, line: int, origin: Origin | None, tls: Tls | None) -> None:
        self.at = at
        self.line = line
        self.origin = origin  # None: not known yet
        self.tls = tls
        self.sender: bytes | None = None  # None: it was not taken yet
        self.size = self.expected = 0
        self.recipients: dict[bytes, bytes] = {}  # as they were given, by what was made of them

    def held(self) -> Any:
        """See `kept`."""
        known = (self.at, self.line, self.origin, self.tls, self.sender, self.size, self.expected)
        return (*known, self.recipients)

    @property
    def user(self) -> str:
        """As whom its client authenticated; empty: as nobody."""
        return (self.origin or OWN)[3]

    def is_of(self, client: str | None) -> bool:
        """Whether this address has brought it."""
        return self.origin is not None and self.origin[0] == client


class Messages:
    """By host and id, the oldest first."""

    def __init__(self, most: int, host: str | None) -> None:
        self._most = most
        self._host = host
        self._recipients = 0
        self.waiting: dict[Key, Message] = {}

    def held(self) -> Any:
        """See `kept`."""
        return {key: message.held() for key, message in self.waiting.items()}

    def resume(self, held: Any) -> None:
        for key, told in held.items():
            self.waiting[key] = message = Message(*told[:4])
            message.sender, message.size, message.expected, recipients = told[4:]
            message.recipients = dict(recipients)
            self._recipients += len(recipients)

    def begin(self, key: Key, message: Message) -> tuple[Logged, ...]:
        """Let it wait. Whoever had its id, and whoever there is no more room for, goes."""
        gone = self.take(key) if key in self.waiting else ()
        self.waiting[key] = message
        if len(self.waiting) > self._most:
            gone += self.take(next(iter(self.waiting)))
        return gone

    def own(self, key: Key, at: float, line: int) -> None:
        """The mail server has made this message itself; it may be known already, or not yet."""
        message = self.waiting.get(key)
        if message is not None:
            message.origin = message.origin or OWN
        elif len(self.waiting) < self._most:
            self.waiting[key] = Message(at, line, OWN, None)

    def give(self, key: Key, message: Message, to: bytes, given: bytes) -> tuple[Logged, ...]:
        """One of its recipients; whatever goes out by that."""
        recipients = message.recipients
        if message.expected == 1 and not recipients and message.origin is not None:
            del self.waiting[key]
            return (self._logged(key, message, (text(given),), False),)
        if to not in recipients:
            recipients[to] = given
            self._recipients += 1
        if len(recipients) >= message.expected > 0 and message.origin is not None:
            return self.take(key)
        gone: tuple[Logged, ...] = ()
        while self._recipients > self._most * RECIPIENTS:
            gone += self.take(next(iter(self.waiting)))
        return gone

    def take(self, key: Key) -> tuple[Logged, ...]:
        """The message is complete, or has to go as it is. What was not taken was no arrival."""
        message = self.waiting.pop(key, None)
        if message is None:
            return ()
        recipients = message.recipients
        self._recipients -= len(recipients)
        if message.sender is None or message.origin is None:
            return ()
        given = tuple(dict.fromkeys(map(text, recipients.values())))
        return (self._logged(key, message, given, len(recipients) < message.expected),)

    def end(self) -> Iterator[Logged]:
        """Nothing more will come."""
        for key in list(self.waiting):
            yield from self.take(key)

    def _logged(self, key: Key, message: Message, given: tuple[str, ...], cut: bool) -> Logged:
        client, port, name, user = message.origin or OWN
        cipher, verified, certificate = message.tls or _NO_TLS
        return Logged(
            message.at,
            _ACCEPTED,
            "postfix",
            named(key[0], self._host),
            key[1].decode("ascii"),
            client,
            port,
            None,
            None,
            name,
            None,
            "local" if client is None else None,
            cipher,
            certificate,
            verified,
            user,
            text(message.sender or b""),
            given,
            message.size,
            None,
            None,
            None,
            message.line,
            cut,
        )
