"""mxward itself: `mxward serve` as a process of its own, as an operator starts it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import mxward

__all__ = ["DemoError", "Serve", "environment"]

READY = 20.0
"""Seconds in which `mxward serve` must listen."""
GOODBYE = 5.0
"""Seconds it has for ending once it is told to."""


class DemoError(Exception):
    """The miniature internet could not be set up; the text is for the user."""


class Serve:
    """`mxward serve`, started anew with each configuration; the store is kept in between."""

    def __init__(self, folder: Path, host: str, port: int, within: Sequence[str] = ()) -> None:
        """`within` is what stands before a command that is to be run on another machine."""
        self.config = folder / "mxward.toml"
        self.log = folder / "mxward.log"
        self._host, self._port, self._within = host, port, within
        self._process: asyncio.subprocess.Process | None = None
        self._read = 0

    async def start(self, config: str) -> None:
        """Write the configuration and start. Raises DemoError where it does not listen in time."""
        self.config.write_text(config, "utf-8")
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._within,
                *(sys.executable, "-m", "mxward", "serve", "--config", str(self.config)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(self.config.parent),
                start_new_session=True,  # Ctrl-C is for the demo, which then ends this one
            )
        await self._ready()

    async def stop(self) -> None:
        """End it and wait for its end."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(GOODBYE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def news(self) -> list[str]:
        """What it has decided since this was asked last: the lines of its log that say so."""
        if not self.log.exists():  # it was never started
            return []
        with self.log.open("rb") as log:
            log.seek(self._read)
            fresh = log.read()
        whole = fresh.rfind(b"\n") + 1
        self._read += whole
        lines = fresh[:whole].decode("utf-8", "replace").splitlines()
        return [line for line in lines if " event=decision " in line]

    async def _ready(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(READY):
                while self._process is not None and self._process.returncode is None:
                    if await self._listens():
                        return
                    await asyncio.sleep(0.02)
        await self.stop()
        raise DemoError(f"mxward serve does not listen; its log ends with\n{self._last_words()}")

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(self._host, self._port)
        except OSError:
            return False
        writer.close()
        return True

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-5:])


def environment(folder: Path) -> dict[str, str]:
    """Ours, and where this mxward is, so that it is this one that starts.

    Where Python may not keep bytecode beside its sources, it keeps it in `folder`: the demo starts
    mxward so often that compiling it each time would triple the time it takes.
    """
    here = str(Path(mxward.__file__).parents[1])
    path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    found = os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
    if found.pop("PYTHONDONTWRITEBYTECODE", ""):
        found["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    return found
