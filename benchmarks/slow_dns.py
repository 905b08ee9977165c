"""A name server that takes its time: every answer comes a set time after its question.

python -m benchmarks.slow_dns ADDRESS SECONDS

All names below customers.example have the MX mx1.clean.example for half a minute, the least that
mxward keeps an answer; that one has its addresses for a day. Prints a line for each question: when
(by the monotonic clock), the type, the name.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import cast

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

_RECORDS = {
    dns.rdatatype.MX: (30, "10 mx1.clean.example."),
    dns.rdatatype.A: (86_400, "198.51.100.10"),
    dns.rdatatype.AAAA: (86_400, "2001:db8::10"),
}


class _Server(asyncio.DatagramProtocol):
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, whom: tuple[str, int]) -> None:
        asyncio.get_running_loop().call_later(
            self._seconds, self._transport.sendto, _answer(data), whom
        )


def _answer(data: bytes) -> bytes:
    question = dns.message.from_wire(data)
    answer = dns.message.make_response(question)
    answer.flags |= dns.flags.RA | dns.flags.AA
    asked = question.question[0]
    kind = dns.rdatatype.to_text(asked.rdtype)
    sys.stdout.write(f"{time.monotonic():.3f} {kind} {asked.name}\n")
    if asked.rdtype in _RECORDS:
        ttl, value = _RECORDS[asked.rdtype]
        answer.answer.append(dns.rrset.from_text(asked.name, ttl, "IN", kind, value))
    return answer.to_wire()


async def _serve(address: str, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: _Server(seconds), (address, 53))
    while True:
        await asyncio.sleep(0.2)
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], float(sys.argv[2])))
