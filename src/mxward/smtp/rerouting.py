"""What mail that is sent on to a scanner carries, and how it is known again.

A rerouted message gets one Received line with a mark for each recipient: an HMAC over the message's
id and the recipient, which nobody else can make. When the scanner delivers it back from an address
that is not its declared egress, it would be rerouted again: the mark tells. Where Received lines
are stripped, a bounded memory of Message-ID and recipient does; it knows what a scanner took over,
and from whom, so that a client's own retry is no loop. The same mail forwarded on to another
recipient is no loop either.
"""

from __future__ import annotations

import hmac
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from itertools import islice

from mxward.networks import Address
from mxward.smtp.identity import Peer

__all__ = ["LoopMemory", "Mark", "RateCap", "received"]

MOST_MARKS = 10
"""Recipients that get a mark of their own; for more there is one that stands for everybody."""
_EVERYBODY = "*"

_SIGN = rb"[0-9a-f]{32}"
_MARK = re.compile(
    rb"\(mxward\s+id=([0-9A-Za-z.-]{1,64})\s+mark=(%s(?:,\s*%s)*)\)" % (_SIGN, _SIGN)
)
_UNSAFE = re.compile(r"[^0-9A-Za-z.:_\[\]-]")


@dataclass(frozen=True, slots=True)
class Mark:
    """Makes and recognises marks with the operator's secret."""

    key: bytes = field(repr=False)

    def make(self, message_id: str, recipients: Sequence[str]) -> list[str]:
        """The marks of a message."""
        marked = recipients if len(recipients) <= MOST_MARKS else (_EVERYBODY,)
        return [self._sign(message_id, recipient) for recipient in marked]

    def found_in(self, header: bytes, recipients: Sequence[str]) -> bool:
        """Whether a message with this header was sent on to one of these recipients before.

        Looks at the ten topmost marks: a loop's is the newest of ours.
        """
        for seen in islice(_MARK.finditer(header), 10):
            message_id, signs = seen[1].decode(), set(re.findall(_SIGN, seen[2]))
            for recipient in (_EVERYBODY, *recipients):
                if self._sign(message_id, recipient).encode() in signs:
                    return True
        return False

    def _sign(self, message_id: str, recipient: str) -> str:
        text = f"{message_id} {recipient.lower()}".encode()
        return hmac.new(self.key, text, sha256).hexdigest()[:32]


def received(
    mark: Mark,
    peer: Peer,
    helo: str,
    hostname: str,
    message_id: str,
    recipients: Sequence[str],
    now: float,
) -> bytes:
    """The Received line (RFC 5321 4.4) that goes on top of a rerouted message."""
    said = _UNSAFE.sub("?", helo)[:100]
    literal = f"IPv6:{peer.client}" if peer.client.version == 6 else str(peer.client)
    date = format_datetime(datetime.fromtimestamp(now, UTC))
    signs = ",\r\n\t".join(mark.make(message_id, recipients))
    return (
        f"Received: from {said} ([{literal}])\r\n"
        f"\tby {hostname} with ESMTP id {message_id}\r\n"
        f"\t(mxward id={message_id} mark={signs});\r\n"
        f"\t{date}\r\n"
    ).encode()


class LoopMemory:
    """Which messages a scanner took over lately, and from which client.

    A message is known by Message-ID, sender and recipient: a mailing list's copy has another
    sender than the author's own, and is no loop.
    """

    MAX_AGE = 24 * 3600.0
    """Seconds. Long, for each expiry lets a looping message round once more."""

    def __init__(self, size: int = 50_000) -> None:
        self._size = size
        self._taken: OrderedDict[bytes, tuple[Address, float]] = OrderedDict()

    def remember(
        self, message_id: bytes, sender: str, recipient: str, client: Address, now: float
    ) -> None:
        """A scanner has just taken this message over."""
        if not message_id:
            return
        self._taken.setdefault(_key(message_id, sender, recipient), (client, now))
        while len(self._taken) > self._size:
            self._taken.popitem(last=False)

    def looped(
        self, message_id: bytes, sender: str, recipient: str, client: Address, now: float
    ) -> bool:
        """Whether it comes back from somebody other than who brought it."""
        key = _key(message_id, sender, recipient)
        first, since = self._taken.get(key, (client, now))
        if now - since > self.MAX_AGE:
            del self._taken[key]
            return False
        return first != client


def _key(message_id: bytes, sender: str, recipient: str) -> bytes:
    envelope = f" {sender.lower()} {recipient.lower()}".encode()
    return sha256(message_id + envelope).digest()[:16]


class RateCap:
    """At most so many rerouted messages a minute for one scanner (a token bucket)."""

    def __init__(self, per_minute: float) -> None:
        self.per_minute = per_minute
        self._tokens = per_minute
        self._at = 0.0

    def admit(self, now: float) -> bool:
        """Whether one more may go; counts it if so."""
        earned = max(0.0, now - self._at) * self.per_minute / 60
        self._tokens = min(self.per_minute, self._tokens + earned)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
