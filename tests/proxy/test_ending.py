"""The last clients of a proxy that takes nobody new any more.

Who is accepted in the very turn of the loop in which it ends is not known as a session yet.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from mxward.proxy.server import Ending
from tests.proxy.bed import PROXY, Bed, Client, bed


async def last_client(stand: Bed, ends: Callable[[Ending], None]) -> Client:
    """One whom the kernel has let in, and nobody has taken in yet, when it ends."""
    first = await stand.client()
    await first.answer()
    await first.say("QUIT")
    while stand.shared.admission.sessions:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    came = socket.create_connection((PROXY, stand.port))
    ends(stand.ending)
    return Client(*await asyncio.open_connection(sock=came))


def play(scene: Callable[[Bed], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        async with bed() as stand:
            await asyncio.wait_for(scene(stand), 20)

    uvloop.run(main())


def test_who_came_at_the_last_moment_is_served_to_the_end() -> None:
    async def scene(stand: Bed) -> None:
        client = await last_client(stand, Ending.retire)
        assert (await client.answer()).startswith("220")
        assert (await client.say("EHLO client.test")).startswith("250")
        assert not stand.serving.done()
        assert (await client.say("QUIT")).startswith("221")
        client.close()
        await stand.serving

    play(scene)


def test_or_is_told_that_it_ends() -> None:
    async def scene(stand: Bed) -> None:
        client = await last_client(stand, lambda ending: ending.stop(10))
        assert (await client.answer()).startswith("220")
        assert (await client.answer()).startswith("421 4.3.2")
        client.close()
        await stand.serving

    play(scene)
