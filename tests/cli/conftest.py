"""A name server on loopback, and a folder with configurations that ask it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mxward.demo.nameserver import NameServer
from mxward.demo.zone import parse
from mxward.store.database import Store
from mxward.store.decided import Seen
from tests.cli.place import CERTIFIED, CONFIG, DOMAINS, NOTED, VANISHED, WARNED, WRONG, ZONE, Place


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One with nothing in it, and one of a proxy that has seen mail by the back door for 9 days."""
    folder = tmp_path_factory.mktemp("stores")
    Store.open(folder / "stored.db").close()
    with closing(Store.open(folder / "seen.db")) as store:
        store.decided.write(list(_seen(time.time())))
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.db"))}


def _seen(now: float) -> Iterator[Seen]:
    for client, domain, days in (
        ("192.0.2.8", "example.org", 9),
        ("192.0.2.9", "example.org", 2),
        ("192.0.2.9", "it.co.za", 2),
        ("192.0.2.90", "example.org", 1),  # a worm
        ("192.0.2.7", "it.co.za", 9),  # the printer, which is trusted by its name
        ("198.51.100.129", "it.co.za", 9),  # of the scanner's egress, as is known now
    ):
        for day in reversed(range(days)):
            yield Seen(
                *(now - day * 86_400, client, "192.0.2.25", domain, "partner.example"),
                *("pass", "refuse", "observe", "back", "back-door"),
            )


@pytest.fixture
def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stores: dict[str, bytes]
) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    for name, content in stores.items():
        (tmp_path / name).write_bytes(content)
    server, loop = NameServer(parse(ZONE, {})), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    port = asyncio.run_coroutine_threadsafe(_start(server), loop).result(10)
    (tmp_path / "mxward.toml").write_text(CONFIG.format(port=port))
    for name in ("stored", "seen"):
        text = CONFIG.format(port=port).replace("store.db", f"{name}.db")
        (tmp_path / f"{name}.toml").write_text(text)
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
