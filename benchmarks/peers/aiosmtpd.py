"""aiosmtpd with its own Proxy handler, or with one that refuses each recipient.

python -m benchmarks.peers.aiosmtpd ADDRESS [UPSTREAM PORT]
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.handlers import Proxy
from aiosmtpd.smtp import SMTP

from benchmarks.peers.program import Program

__all__ = ["Aiosmtpd"]


class Aiosmtpd(Program):
    """aiosmtpd before `upstream`, or refusing where there is none."""

    def __init__(
        self, directory: Path, address: str, upstream: tuple[str, int] | None = None
    ) -> None:
        super().__init__(directory, address)
        self._upstream = [str(part) for part in upstream or ()]

    def configure(self) -> list[str]:
        return ["-m", "benchmarks.peers.aiosmtpd", self.address, *self._upstream]


class _Refusing:
    async def handle_RCPT(self, *_: object) -> str:  # noqa: N802
        return "550 5.7.1 use the MX"


async def _serve(address: str, handler: Any) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, loop=loop), address, 25, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        asyncio.run(_serve(sys.argv[1], Proxy(sys.argv[2], int(sys.argv[3]))))
    else:
        asyncio.run(_serve(sys.argv[1], _Refusing()))
