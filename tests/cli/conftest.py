"""A name server on loopback, and a folder with configurations that ask it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxward.demo.nameserver import NameServer
from mxward.demo.zone import parse
from tests.cli.place import CERTIFIED, CONFIG, DOMAINS, NOTED, VANISHED, WARNED, WRONG, ZONE, Place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    server, loop = NameServer(parse(ZONE, {})), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    port = asyncio.run_coroutine_threadsafe(_start(server), loop).result(10)
    (tmp_path / "mxward.toml").write_text(CONFIG.format(port=port))
    (tmp_path / "certified.toml").write_text(CERTIFIED.format(port=port))
    (tmp_path / "wrong.toml").write_text(WRONG)
    (tmp_path / "warned.toml").write_text(WARNED)
    (tmp_path / "noted.toml").write_text(NOTED)
    (tmp_path / "vanished.toml").write_text(VANISHED)
    (tmp_path / "domains").write_text(DOMAINS)
    (tmp_path / "unclean").mkdir()
    (tmp_path / "unclean" / "list").write_text("# from the old server\nanna@example.com\n")
    yield Place(tmp_path, server)
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _start(server: NameServer) -> int:
    """On a port that is free for UDP and TCP."""
    for port in range(20_053, 20_153):
        try:
            await server.start("127.0.0.1", port)
        except OSError:
            await server.stop()
        else:
            return port
    raise OSError("no free port for a name server")
