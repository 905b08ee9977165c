"""Miniature internets for the tests: whole ones, and one without mxward."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from mxward.demo.play import Play
from mxward.demo.process import Serve
from mxward.demo.tape import Line
from mxward.demo.world import World, world


class NoProxy(Serve):
    """Nobody before the mail server: what mxward's clients would reach without it."""

    def __init__(self, everybody: World) -> None:
        super().__init__(everybody.folder, everybody.block["mail"], everybody.block.smtp)
        self._everybody, self._up = everybody, False

    async def start(self, config: str) -> None:
        """Let the mail server itself listen at its public address."""
        if not self._up:
            block = self._everybody.block
            await self._everybody.mailserver.listeners.listen(block["mail"], block.smtp)
        self._up = True

    async def stop(self) -> None:
        """It goes with the mail server."""

    def news(self) -> list[str]:
        """It logs nothing."""
        return []


def without_mxward(scene: Callable[[Play], Awaitable[None]]) -> tuple[Play, list[Line]]:
    """Run something in a world where nobody stands before the mail server."""
    tape: list[Line] = []

    async def run() -> Play:
        async with world(Random(), tape.append) as everybody:
            everybody.mxward = NoProxy(everybody)
            play = Play(everybody, tape.append)
            await scene(play)
            return play

    return asyncio.run(run()), tape
