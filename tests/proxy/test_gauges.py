"""How a worker stands, and what it counts by itself, is on the board."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from mxward import metrics
from mxward.lookup.doors import Doors
from mxward.lookup.fake import FakeResolver
from mxward.metrics.onward import Onward
from mxward.proxy.admission import Room
from mxward.proxy.certificates import CertificateFiles, Certificates
from mxward.proxy.gauges import Gauges
from mxward.proxy.learning import learn
from mxward.store.recollection import Recollection
from tests.certificates import Authority
from tests.lookup.clock import Clock
from tests.proxy.bed import Bed, bed


class Worker:
    """One with a board, read when something is asked of it."""

    def __init__(self, stand: Bed, board: metrics.Board | None = None) -> None:
        self.stand = stand
        self.board = board or metrics.board(1)
        self.clock = Clock()
        self.memory = Recollection()
        self.dns = FakeResolver(mx={"it.test": ["10 mx.it.test"]}, a={"mx.it.test": ["192.0.2.1"]})
        self.doors = Doors(self.dns, {}, self.memory, self.clock)
        self.gauges = Gauges(self.board.row(0), self.memory, self.clock)
        stand.shared.onward = Onward(self.board.row(0), self.clock)

    def __getitem__(self, column: str) -> float:
        self.gauges.read(self.stand.shared, self.doors)
        return self.board.total(column)


def with_bed(check: Callable[[Bed], Awaitable[None]]) -> None:
    async def main() -> None:
        async with bed() as stand:
            await check(stand)

    uvloop.run(main())


def test_sessions() -> None:
    async def check(stand: Bed) -> None:
        worker = Worker(stand)
        stand.shared.admission.set_room(Room(connections=3, reserved=2))
        first = await stand.client()
        await first.answer()
        second = await stand.client()
        assert (await second.answer()).startswith("421")
        assert worker["connections_open"] == 1
        assert worker["connections_allowed"] == 3
        assert worker["connections"] == 1
        assert worker["limits reserved"] == 1
        assert worker["limits connections"] == 0
        assert worker["inventory_domains"] == 1
        assert worker["worker_cpu_seconds"] > 0
        first.close()
        async with asyncio.timeout(10):
            while worker["connections_open"]:  # noqa: ASYNC110 - another thread writes it
                await asyncio.sleep(0.01)
        assert worker["connections"] == 1

    with_bed(check)


def test_who_takes_a_row_over_goes_on_with_its_numbers() -> None:
    async def check(stand: Bed) -> None:
        before = Worker(stand)
        before.board.row(0).add("connections", 40)
        after = Worker(stand, before.board)
        await (await stand.client()).answer()
        assert after["connections"] == 41
        assert after["connections"] == 41

    with_bed(check)


def test_connections_onward() -> None:
    async def check(stand: Bed) -> None:
        worker = Worker(stand)
        client = await stand.client()
        assert (await client.send("a@it.test")).startswith("250")
        assert worker["upstream_connections mail-server made"] == 1
        assert worker["upstream_connections mail-server failed"] == 0
        buckets = [x for x in worker.board.columns if x.startswith("upstream_connect_seconds mail")]
        assert sum(worker[bucket] for bucket in buckets if not bucket.endswith("sum")) == 1
        assert worker["mail server answered"] == worker.clock.now
        assert stand.shared.onward.has_failed is None
        worker.clock.now += 5
        gone = stand.shared.settings.mail_server
        stand.shared.onward.failed(gone)
        assert stand.shared.onward.has_failed == stand.shared.settings.mail_server
        assert worker["mail server failed"] == worker.clock.now
        worker.clock.now += 5
        await asyncio.wait_for(learn(stand.shared), 10)
        assert stand.shared.onward.has_failed is None

    with_bed(check)


def test_doors_and_what_is_remembered() -> None:
    async def check(stand: Bed) -> None:
        worker = Worker(stand)
        await worker.doors.find("it.test")
        assert worker["front_doors fresh"] == 1
        assert worker["answers_remembered"] == 3  # MX, A, AAAA
        worker.clock.now += 100
        assert worker["front_door_oldest_seconds"] == 100
        await worker.doors.find("other.test")
        assert worker["answers_remembered"] == 3  # it is not looked at again so soon
        worker.clock.now += 10
        assert worker["answers_remembered"] > 3
        worker.dns.down = True
        await worker.doors.find("later.test")
        worker.clock.now += 4
        worker.gauges = Gauges(worker.board.row(0), worker.memory, worker.clock)
        assert worker["front_doors failed"] == 1

    with_bed(check)


def test_when_the_first_certificate_ends(tmp_path: Path) -> None:
    issued = [Authority().issue(f"{days}.test", days=days) for days in (50, 20, 90)]
    files = [CertificateFiles(*each.write(tmp_path, f"{n}")) for n, each in enumerate(issued)]

    async def check(stand: Bed) -> None:
        worker = Worker(stand)
        assert worker["certificate_expiry_timestamp_seconds"] == 0
        stand.shared.certificates = Certificates(files)
        worker.clock.now += 10
        ends = issued[1].certificate.not_valid_after_utc.timestamp()
        assert worker["certificate_expiry_timestamp_seconds"] == ends
        assert worker["worker_resident_bytes"] > 1_000_000

    with_bed(check)
