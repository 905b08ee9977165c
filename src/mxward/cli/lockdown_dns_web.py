"""Whether a web site answers at the mail server's address: one TCP connection to each port, and
nothing is said on it. Only the operator's own addresses are ever asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from mxward.model import Known
from mxward.networks import Address, Networks

__all__ = ["look_for_webs"]

_PORTS = (80, 443)
_PATIENCE = 5.0  # seconds
_AT_ONCE = 20


async def look_for_webs(places: Iterable[Address], own: Networks) -> dict[Address, Known]:
    """FOUND: one answers. ABSENT: both ports are shut. FAILED: who knows; others are not asked."""
    room = asyncio.Semaphore(_AT_ONCE)
    asked = [address for address in places if address in own]

    async def ask(address: Address) -> Known:
        async with room:
            ports = [await _port(str(address), port) for port in _PORTS]
        if Known.FOUND in ports:
            return Known.FOUND
        return Known.ABSENT if set(ports) == {Known.ABSENT} else Known.FAILED

    return dict(zip(asked, await asyncio.gather(*map(ask, asked)), strict=True))


async def _port(host: str, port: int) -> Known:
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(host, port)
    except ConnectionRefusedError:
        return Known.ABSENT
    except OSError:  # a time-out is one
        return Known.FAILED
    writer.close()
    return Known.FOUND
