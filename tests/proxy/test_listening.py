"""What the kernel keeps for a proxy that is busy."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import uvloop

from mxward.proxy.server import BACKLOG, Ending, serve
from mxward.supervisor.listening import bind
from tests.proxy.bed import PROXY, bed

_SACKED = slice(28, 32)  # of the kernel's tcp_info; a listener's backlog stands there


def test_as_many_clients_may_wait_as_the_kernel_lets() -> None:
    async def main() -> bytes:
        async with bed() as stand:
            listener, ending = bind(PROXY, 0), Ending()
            serving = asyncio.create_task(serve(lambda: stand.shared, [listener], ending))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 64)
            ending.stop(0)
            await serving
            return info

    most = int(Path("/proc/sys/net/core/somaxconn").read_text())
    info = uvloop.run(main())
    assert int.from_bytes(info[_SACKED], "little") == min(BACKLOG, most)
