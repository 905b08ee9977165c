"""Descriptors run out under a proxy that serves: who comes then is turned away, the next is served.

The limit of a real `mxward serve` is lowered under way; the mailboxes are counted each time.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from tests.processes import only_child
from tests.proxy.bed import Client, Mailboxes, free_port

HOST = "127.25.1.1"
CONFIGURATION = """\
[server]
hostname = "mx.test"
listen = ["{host}:{port}"]
upstream = "{host}:{mail}"
workers = 1
[inventory]
files = ["domains"]
[dns]
servers = ["{host}:{nobody}"]
timeout = 0.2
[store]
path = "store.db"
"""


@dataclass
class Stand:
    """A `mxward serve` with one worker, whose descriptors may be taken away; and mailboxes."""

    supervisor: int
    port: int
    log: Path
    mail: Mailboxes = field(default_factory=Mailboxes)

    @property
    def pid(self) -> int:
        return only_child(self.supervisor)

    async def leave(self, free: int) -> None:
        """Let it have so many descriptors more than it has; fewer where that is negative."""
        used = await self.settled()
        below = [n for n in range(max(used) + free + 2) if n not in used]
        most = below[free] if free >= 0 else sorted(used)[free]
        _, hard = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (most, hard))

    async def settled(self) -> set[int]:
        """The descriptors in use, once those of sessions that ended are closed."""
        before: set[int] = set()
        while (used := self._descriptors()) != before:
            before = used
            await asyncio.sleep(0.3)
        return used

    def _descriptors(self) -> set[int]:
        return {int(path.name) for path in Path(f"/proc/{self.pid}/fd").iterdir()}

    def give_back(self) -> None:
        _, hard = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (hard, hard))

    async def client(self) -> Client:
        return Client(*await asyncio.open_connection(HOST, self.port, limit=1 << 20))

    async def flood(self, count: int) -> list[Client]:
        return list(await asyncio.gather(*(self.client() for _ in range(count))))

    async def greetings(self, clients: list[Client], within: float = 10) -> Counter[str]:
        """What each is told first: `220`, nothing and closed, or silence."""

        async def told(client: Client) -> str:
            with suppress(ConnectionResetError):
                try:
                    return (await asyncio.wait_for(client.answer(), within))[:3] or "closed"
                except TimeoutError:
                    return "silence"
            return "closed"

        return Counter(await asyncio.gather(*map(told, clients)))

    async def is_well(self) -> bool:
        """Whether a message sent now reaches its mailbox."""
        before = len(self.mail.messages)
        client = await self.client()
        verdict = await client.send("shaun@it.test")
        client.close()
        return (verdict, len(self.mail.messages)) == ("250 2.0.0 kept", before + 1)


@asynccontextmanager
async def stand(folder: Path) -> AsyncIterator[Stand]:
    loop, mail = asyncio.get_running_loop(), Mailboxes()
    mail_server = await loop.create_server(partial(SMTP, mail, loop=loop), HOST, 0)
    port, nobody = free_port(HOST), free_port(HOST)
    ports = {"port": port, "nobody": nobody, "mail": mail_server.sockets[0].getsockname()[1]}
    (folder / "domains").write_text("it.test\n")
    (folder / "mxward.toml").write_text(CONFIGURATION.format(host=HOST, **ports))
    serving = _start(folder)
    made = Stand(serving.pid, port, folder / "log", mail)
    try:
        async with asyncio.timeout(20):
            while not await _serves(made):
                assert serving.poll() is None, made.log.read_text()
                await asyncio.sleep(0.05)
        yield made
    finally:
        serving.kill()
        serving.wait()
        mail_server.close()


def _start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mxward", "serve", "--config", "mxward.toml"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


async def _serves(made: Stand) -> bool:
    try:
        return await made.is_well()
    except ConnectionError:
        return False


def play(folder: Path, scene: Callable[[Stand], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        async with stand(folder) as made:
            await asyncio.wait_for(scene(made), 60)

    asyncio.run(main())


def test_a_flood_beyond_all_descriptors_is_closed_at_once_and_the_next_are_served(
    tmp_path: Path,
) -> None:
    async def scene(made: Stand) -> None:
        for _ in range(3):
            await made.leave(free=10)
            flood = await made.flood(40)
            assert await made.greetings(flood) == {"220": 10, "closed": 30}
            for client in flood:
                client.close()
            await made.settled()
            assert await made.is_well()  # within the same limit

    play(tmp_path, scene)


def test_not_one_descriptor_is_left_for_a_while(tmp_path: Path) -> None:
    async def scene(made: Stand) -> None:
        await made.leave(free=0)
        assert await made.greetings(await made.flood(20)) == {"closed": 20}
        made.give_back()
        assert await made.is_well()

    play(tmp_path, scene)


def test_even_the_spare_descriptor_of_the_loop_is_gone(tmp_path: Path) -> None:
    """Fewer are allowed than are in use: not even turning away is possible, until there are."""

    async def scene(made: Stand) -> None:
        await made.leave(free=-8)
        flood = await made.flood(5)
        assert await made.greetings(flood, within=1) == {"silence": 5}
        made.give_back()
        assert await made.greetings(flood) == {"220": 5}
        assert await made.is_well()
        await made.leave(free=0)  # the spare one is there again
        assert await made.greetings(await made.flood(5)) == {"closed": 5}

    play(tmp_path, scene)


def test_no_descriptor_for_the_upstream_is_a_451_and_the_client_may_try_again(
    tmp_path: Path,
) -> None:
    async def scene(made: Stand) -> None:
        client = await made.client()
        assert await client.envelope() == []
        await made.leave(free=0)
        assert (await client.say("RCPT TO:<shaun@it.test>")).startswith("451 4.4.1")
        made.give_back()
        assert (await client.say("RCPT TO:<shaun@it.test>")).startswith("250")
        assert (await client.say("DATA")).startswith("354")
        before = len(made.mail.messages)
        assert await client.say("Subject: late\r\n\r\n.") == "250 2.0.0 kept"
        assert len(made.mail.messages) == before + 1

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("descriptors", "wanted", "room"),
    [
        (20_000, 4000, 4000),
        (6300, 4000, 4000),
        (6299, 4000, 3999),
        (1024, 4000, 482),
        (1024, 100, 100),
        (256, 4000, 85),
        (64, 4000, 21),
    ],
)
def test_sessions_are_as_many_as_descriptors_allow(
    descriptors: int, wanted: int, room: int
) -> None:
    script = (
        "import resource; from mxward.proxy.server import room_for_sessions;"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, (32, {descriptors}));"
        f"print(room_for_sessions({wanted}))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert told.stdout == f"{room}\n", told.stderr
