"""Sessions of clients that mean no good, and of some that do: made of known words, by seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

from tests.integration.smuggling import CASES, HELLO, LOOKALIKES, as_chunks
from tests.smtp.fragments import NOISE

__all__ = ["WORDS", "random_pieces"]

_ENVELOPES = (
    b"MAIL FROM:<a@client.example>\r\n",
    b"MAIL FROM:<>\r\n",
    b"MAIL FROM:<c@client.example> BODY=8BITMIME SIZE=9\r\n",
)
_RECIPIENTS = (
    b"RCPT TO:<b@direct.example>\r\n",
    b"RCPT TO:<c@direct.example>\r\n",
    b"RCPT TO:<d@it.co.za>\r\n",
    b"RCPT TO:<nobody@direct.example>\r\n",
)
WORDS = (
    *LOOKALIKES.values(),
    *NOISE,
    *(b"Subject: hello\r\n\r\n", b"hello\r\n", b".stuffed\r\n", b"..\r\n", b"virus\r\n", b"\r\n"),
    *(*_ENVELOPES, *_RECIPIENTS, b"DATA\r\n", b"BDAT 9 LAST\r\n", b"RSET\r\n", b"QUIT\r\n"),
)
_SHORT = [case.stream for case in CASES.values() if len(case.stream) < 2000]


def random_pieces(seed: int) -> list[bytes]:
    """A session, made up or one of the known ones, with octets added, lost, doubled, and cut."""
    rng = random.Random(seed)
    stream = rng.choice(_SHORT) if rng.random() < 0.5 else _made_up(rng)
    changes = rng.choice((0, 1, 1, 2, 5))
    for _ in range(changes):
        stream = _changed(rng, stream)
    return list(_cut(rng, stream))


def _made_up(rng: random.Random) -> bytes:
    said = [HELLO]
    for _ in range(rng.randint(1, 3)):
        said += [rng.choice(_ENVELOPES), *rng.choices(_RECIPIENTS, k=rng.randint(1, 3))]
        text = b"Subject: %d\r\n\r\n" % rng.getrandbits(32)
        text += b"".join(rng.choices(WORDS, k=rng.randint(0, 8)))
        if rng.random() < 0.5:
            said.append(b"DATA\r\n" + text + b"\r\n.\r\n")
        else:
            cuts = sorted(rng.choices(range(len(text) + 1), k=rng.randint(0, 3)))
            ends = [0, *cuts, len(text)]
            said.append(as_chunks(*(text[a:b] for a, b in pairwise(ends))))
    return b"".join([*said, b"QUIT\r\n"])


def _changed(rng: random.Random, stream: bytes) -> bytes:
    at = rng.randint(0, len(stream))
    behind = at + rng.choice((0, 1, 2, 5, 40))
    instead = rng.choice(
        (rng.choice(WORDS), rng.choice(WORDS), b"", stream[at:behind] * 2, rng.randbytes(1))
    )
    return stream[:at] + instead + stream[behind:]


def _cut(rng: random.Random, stream: bytes) -> Iterator[bytes]:
    most = rng.choice((1, 3, 40, 10**6, 10**6))
    while stream:
        size = rng.randint(1, most)
        yield stream[:size]
        stream = stream[size:]
