"""Over real sockets: the order of answers, failures inside, limits, and the end."""

from __future__ import annotations

import asyncio
import io
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from mxward.domains import Domains
from mxward.lookup.doors import Doors
from mxward.lookup.fake import FakeResolver
from mxward.lookup.names import ClientNames
from mxward.model import Question, Rules, Scanner, Stage
from mxward.networks import Networks
from mxward.policyd.connection import Answering, Manner
from mxward.policyd.service import remove_left_over, serve, unix_socket
from mxward.proxy.decider import Decider
from mxward.proxy.eventlog import EventLog
from mxward.proxy.recent import Recent
from mxward.store.database import Store
from mxward.store.recollection import Recollection

WORM, FRONT = "4.3.90.120", "198.51.100.10"
DUNNO = b"action=DUNNO\n\n"


def question(client: str = WORM, domain: str = "it.co.za") -> bytes:
    told = f"protocol_state=RCPT\nclient_address={client}\nrecipient=shaun@{domain}\n"
    return f"request=smtpd_access_policy\n{told}\n".encode()


EXIM = f"request=exim\nclient_address={WORM}\nrecipient=shaun@it.co.za\n\n".encode()


class Bed:
    """policyd in this process, on a UNIX socket, with a DNS of plain data."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "policyd.sock"
        self.dns = FakeResolver(
            mx={"it.co.za": ["10 mx.clean.example."], "two.example": ["10 mx.clean.example."]},
            a={"mx.clean.example": [FRONT]},
        )
        self.stream = io.StringIO()
        self.clock = time.time
        scanners = {"clean": Scanner("clean", mx=("clean.example",), addresses=Networks.of(FRONT))}
        rules = Rules(
            Domains(["it.co.za", "two.example"]),
            stage=Stage.REFUSE,
            scanners=scanners,
            own=frozenset([ip_address("192.0.2.25")]),
            client_told=True,
        )
        doors = Doors(self.dns, scanners, Recollection(), time.time)
        names = ClientNames(self.dns, time.time)
        decider = Decider(rules, doors, names, clock=lambda: self.clock())
        self.answering = Answering(
            Manner(decider, ip_address("192.0.2.25"), "", defers=False),
            EventLog(self.stream),
            Recent(),
        )
        self.ended = asyncio.Event()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(str(self.path))

    @property
    def log(self) -> str:
        self.answering.eventlog.flush()
        return self.stream.getvalue()


def play(folder: Path, scene: Callable[[Bed], Awaitable[None]]) -> None:
    """Serve while the scene is played; it must end when it is told to."""

    async def main() -> None:
        bed = Bed(folder)
        listener = unix_socket(bed.path)
        serving = asyncio.ensure_future(serve(bed.answering, [listener], bed.ended))
        try:
            async with asyncio.timeout(20):
                await scene(bed)
                bed.ended.set()
                await serving
        finally:
            serving.cancel()

    asyncio.run(main())


async def said(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\n\n")


def test_one_question_after_another(tmp_path: Path) -> None:
    async def scene(bed: Bed) -> None:
        reader, writer = await bed.connect()
        writer.write(question())
        assert (await said(reader)).startswith(b"action=550 5.7.1 Mail for it.co.za is taken at ")
        writer.write(question(FRONT))
        assert await said(reader) == DUNNO
        writer.write(question(domain="far.example"))
        assert await said(reader) == DUNNO
        writer.close()
        assert bed.log.count("event=decision") == 3
        assert "asker=postfix" in bed.log

    play(tmp_path, scene)


def test_answers_keep_the_order_of_the_questions(tmp_path: Path) -> None:
    """Also where the first has to wait for the DNS, and the others have not."""

    async def scene(bed: Bed) -> None:
        reader, writer = await bed.connect()
        go_on = asyncio.Event()

        async def hold(asked: Question) -> None:
            await go_on.wait()

        bed.dns.hold = hold
        writer.write(question() + question(domain="far.example") + question(FRONT))
        await asyncio.sleep(0.1)
        go_on.set()
        assert (await said(reader)).startswith(b"action=550")
        assert await said(reader) == DUNNO
        assert await said(reader) == DUNNO
        writer.close()

    play(tmp_path, scene)


def test_exim_ends_its_side_before_it_is_answered(tmp_path: Path) -> None:
    async def scene(bed: Bed) -> None:
        reader, writer = await bed.connect()
        writer.write(EXIM)
        writer.write_eof()
        assert (await reader.read()).startswith(b"deny 5.7.1 Mail for it.co.za ")
        writer.close()

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("defers", "postfix", "exim"),
    [(False, DUNNO, b"pass\n"), (True, b"action=451 4.3.0 ", b"defer 4.3.0 ")],
)
@pytest.mark.parametrize("waits", [False, True])
def test_a_failure_inside_is_what_the_operator_chose(
    tmp_path: Path, defers: bool, postfix: bytes, exim: bytes, waits: bool
) -> None:
    async def scene(bed: Bed) -> None:
        bed.answering.manner = replace(bed.answering.manner, defers=defers)

        def broken() -> float:
            raise RuntimeError("a fault of ours")

        if waits:  # for the DNS, and is then decided
            bed.clock = broken
        else:
            bed.answering.manner.decider.rules = None  # type: ignore[assignment]
        for asked, wanted in ((question(), postfix), (EXIM, exim)):
            reader, writer = await bed.connect()
            writer.write(asked)
            writer.write_eof()
            assert (await reader.read()).startswith(wanted)
            writer.close()
        assert bed.log.count("event=policyd-failed level=loud") == 2
        assert "Traceback" in bed.log

    play(tmp_path, scene)


def test_what_is_no_question_ends_the_connection_and_no_other(tmp_path: Path) -> None:
    async def scene(bed: Bed) -> None:
        reader, writer = await bed.connect()
        other_reader, other = await bed.connect()
        writer.write(b"GET / HTTP/1.1\r\n\n\n")
        with pytest.raises(ConnectionError):
            assert await reader.read() == b""
            raise ConnectionError
        assert "event=policyd-malformed level=loud" in bed.log
        other.write(question(FRONT))
        assert await said(other_reader) == DUNNO
        other.close()

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("defers", "postfix", "exim"),
    [(False, DUNNO, b"pass\n"), (True, b"action=451 4.3.0 ", b"defer 4.3.0 ")],
)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"client_address={WORM}", "client_address=nobody"),
        ("recipient=shaun", f"recipient={'x' * 2_049}"),
        ("recipient=", f"helo_name={'x' * 2_049}\nrecipient="),
    ],
)
def test_a_question_without_sense_is_what_the_operator_chose(
    tmp_path: Path, defers: bool, postfix: bytes, exim: bytes, old: str, new: str
) -> None:
    """And the next one is answered: who can make one senseless must not shut up the others."""

    async def scene(bed: Bed) -> None:
        bed.answering.manner = replace(bed.answering.manner, defers=defers)
        for asked, wanted in ((question(), postfix), (EXIM, exim)):
            reader, writer = await bed.connect()
            writer.write(asked.replace(old.encode(), new.encode()) + question(FRONT))
            writer.write_eof()
            answered = await reader.read()
            assert answered.startswith(wanted)
            assert answered.endswith(DUNNO)
            writer.close()
        assert bed.log.count("event=policyd-malformed level=loud") == 1

    play(tmp_path, scene)


def test_complaints_come_once_a_minute_with_how_many_there_were(tmp_path: Path) -> None:
    async def scene(bed: Bed) -> None:
        now = 1_000_000.0
        bed.answering.clock = lambda: now
        for _ in range(5):
            bed.answering.complain("policyd-full", connections=2)
        now += 61
        bed.answering.complain("policyd-full", connections=2)
        bed.answering.complain("policyd-malformed", why="another kind")
        told = [line.partition("event=")[2] for line in bed.log.splitlines()]
        assert told == [
            "policyd-full level=loud connections=2",
            "policyd-full level=loud connections=2 times=5",
            'policyd-malformed level=loud why="another kind"',
        ]

    play(tmp_path, scene)


def test_too_many_connections(tmp_path: Path) -> None:
    async def scene(bed: Bed) -> None:
        bed.answering.most = 2
        kept = [await bed.connect() for _ in range(2)]
        for reader, writer in kept:
            writer.write(question(FRONT))
            assert await said(reader) == DUNNO
        reader, writer = await bed.connect()
        with pytest.raises(ConnectionError):
            assert await reader.read() == b""
            raise ConnectionError
        assert "event=policyd-full" in bed.log
        kept[0][1].close()
        await kept[0][1].wait_closed()
        await asyncio.sleep(0.1)
        reader, writer = await bed.connect()
        writer.write(question(FRONT))
        assert await said(reader) == DUNNO

    play(tmp_path, scene)


def test_a_question_under_way_is_answered_before_the_end(tmp_path: Path) -> None:
    async def scene(bed: Bed) -> None:
        idle, _ = await bed.connect()
        reader, writer = await bed.connect()
        asked, go_on = asyncio.Event(), asyncio.Event()

        async def hold(_: Question) -> None:
            asked.set()
            await go_on.wait()

        bed.dns.hold = hold
        writer.write(question())
        await asked.wait()
        bed.ended.set()
        assert await idle.read() == b""
        with pytest.raises(OSError):
            await bed.connect()
        go_on.set()
        assert (await said(reader)).startswith(b"action=550")
        assert await reader.read() == b""

    play(tmp_path, scene)


def test_a_client_that_goes_away_harms_nobody(tmp_path: Path) -> None:
    async def scene(bed: Bed) -> None:
        go_on = asyncio.Event()

        async def hold(_: Question) -> None:
            await go_on.wait()

        bed.dns.hold = hold
        _, writer = await bed.connect()
        writer.write(question())
        await asyncio.sleep(0.05)
        writer.transport.abort()  # as Exim's end of asking, until something is said to it
        go_on.set()
        while bed.answering.connections:  # noqa: ASYNC110 - it ends by itself
            await asyncio.sleep(0.01)
        reader, writer = await bed.connect()
        writer.write(question())
        assert (await said(reader)).startswith(b"action=550")

    play(tmp_path, scene)


def test_reroute_defers_and_what_came_by_the_back_door_is_kept(tmp_path: Path) -> None:
    async def scene(bed: Bed) -> None:
        decider = bed.answering.manner.decider
        decider.rules = replace(decider.rules, stage=Stage.REROUTE)
        reader, writer = await bed.connect()
        writer.write(question() + question(FRONT))
        assert (await said(reader)).startswith(b"action=451 4.7.1 ")
        assert await said(reader) == DUNNO
        writer.close()
        store = Store.open(tmp_path / "store.db")
        assert bed.answering.recent.write(store.decided) == 1
        store.close()
        assert "action=defer would=defer" in bed.log

    play(tmp_path, scene)


def test_a_hundred_questions_at_once_are_enough(tmp_path: Path) -> None:
    async def scene(bed: Bed) -> None:
        reader, writer = await bed.connect()
        writer.write(question(FRONT) * 100)
        for _ in range(100):
            assert await said(reader) == DUNNO
        writer.write(question(FRONT) * 101)
        with pytest.raises(ConnectionError):
            assert await reader.read() == b""
            raise ConnectionError
        assert "event=policyd-malformed" in bed.log

    play(tmp_path, scene)


def test_who_asks_on_and_reads_no_answer_is_let_go(tmp_path: Path) -> None:
    """Else answers would fill the memory."""

    async def scene(bed: Bed) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(client, str(bed.path))
            with pytest.raises(ConnectionError):
                for _ in range(9_000):
                    await loop.sock_sendall(client, question())
                    await asyncio.sleep(0)
        assert 'why="answers are not read"' in bed.log

    play(tmp_path, scene)


@pytest.mark.parametrize("begun", [b"", b"request=exim\n"])
def test_who_asks_nothing_is_let_go(tmp_path: Path, begun: bytes) -> None:
    """Also where octets trickle in, of a question that has no end."""

    async def scene(bed: Bed) -> None:
        bed.answering.idle = 0.2
        reader, writer = await bed.connect()
        writer.write(EXIM)
        assert (await reader.readline()).startswith(b"deny 5.7.1 ")
        writer.write(begun)
        while bed.answering.connections:
            await asyncio.sleep(0.02)
            if begun:
                writer.write(b"a")
        with suppress(ConnectionError):  # where it writes still
            assert await reader.read() == b""

    play(tmp_path, scene)


def test_who_waits_for_an_answer_is_not_let_go(tmp_path: Path) -> None:
    async def scene(bed: Bed) -> None:
        bed.answering.idle = 0.05
        go_on = asyncio.Event()

        async def hold(_: Question) -> None:
            await go_on.wait()

        bed.dns.hold = hold
        reader, writer = await bed.connect()
        writer.write(EXIM)
        await asyncio.sleep(0.3)
        go_on.set()
        assert (await reader.readline()).startswith(b"deny 5.7.1 ")
        writer.close()

    play(tmp_path, scene)


# -- the socket's file ------------------------------------------------------------------------


def test_a_socket_that_nobody_listens_at_makes_room(tmp_path: Path) -> None:
    path = tmp_path / "policyd.sock"
    unix_socket(path).close()
    assert path.exists()
    listener = unix_socket(path)
    assert path.stat().st_mode & 0o777 == 0o660
    with pytest.raises(OSError, match="in use"):
        unix_socket(path)
    remove_left_over(path)  # as another policyd does at its end
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(path))
    listener.close()
    remove_left_over(path)
    assert not path.exists()


def test_what_is_no_socket_stays(tmp_path: Path) -> None:
    path = tmp_path / "policyd.sock"
    path.write_text("something else")
    with pytest.raises(OSError, match="in use"):
        unix_socket(path)
    assert path.read_text() == "something else"
