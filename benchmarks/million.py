"""The processes of works.decisions: one fills a store, another decides with what the store holds.

python -m benchmarks.million DIRECTORY remember DOMAINS
python -m benchmarks.million DIRECTORY decide DOMAINS DECISIONS ROUNDS
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from benchmarks import processes
from mxward.config import InventorySettings
from mxward.inventory import Inventory
from mxward.lookup.doors import Doors
from mxward.lookup.fake import FakeResolver
from mxward.lookup.names import ClientNames
from mxward.model import Arrival, Kind, Known, Question, Remembered, Rules, Scanner, Stage
from mxward.networks import Networks
from mxward.proxy.decider import Decider
from mxward.store.database import Store
from mxward.store.memory import StoredMemory

_SCANNERS = 3
_SETS = 3_000
_BATCH = 50_000
_HOUR = 3600.0
_CLIENTS = ("198.51.100.20", "192.0.2.90")  # the egress, the back door
_SERVER = ip_address("203.0.113.25")


def remember(directory: Path, number: int) -> None:
    """Write the inventory, and a store that knows the MX of each domain and their addresses."""
    names = _names(number)
    (directory / "localdomains").write_text("\n".join(names) + "\n")
    store = Store.open(directory / "store.db")
    now = time.time()
    for start in range(0, number, _BATCH):
        some = range(start, min(start + _BATCH, number))
        store.save({Question(Kind.MX, names[n]): _found(_exchanges(n), now) for n in some})
    hosts = {host for n in range(min(_SETS, number)) for host in _hosts(n)}
    store.save({Question(Kind.A, host): _found(["198.51.100.10"], now) for host in hosts})
    store.save({Question(Kind.AAAA, host): _found(["2001:db8::10"], now) for host in hosts})
    store.close()


def decide(directory: Path, number: int, decisions: int, rounds: int) -> dict[str, Any]:
    """Microseconds by percentile, one value for each round, and bytes a domain."""
    names = _names(number)
    before = processes.resident_memory(os.getpid())
    decider = _decider(directory)
    for name in names:
        _decide(decider, _arrival(name, 0))
    grown = processes.resident_memory(os.getpid()) - before
    chance = random.Random(1)  # noqa: S311 - the same choice each time
    found: dict[str, Any] = {"p50": [], "p99": [], "p99.9": [], "bytes": grown / number}
    for _ in range(rounds):
        arrivals = [_arrival(chance.choice(names), n) for n in range(decisions)]
        times = sorted(_decide(decider, arrival) for arrival in arrivals)
        for key, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
            found[key].append(times[int(len(times) * share)] / 1000)
    return found


def _decide(decider: Decider, arrival: Arrival) -> int:
    """Nanoseconds of one decision."""
    begun = time.perf_counter_ns()
    decided = decider.at_once(arrival)
    took = time.perf_counter_ns() - begun
    if decided is None:
        raise RuntimeError(f"{arrival.recipient} is not known")
    return took


def _decider(directory: Path) -> Decider:
    """As `mxward serve` puts it together."""
    resolver = FakeResolver()
    settings = InventorySettings(files=(str(directory / "localdomains"),))
    inventory = Inventory(settings).read().domains
    egress = Networks.of(_CLIENTS[0])
    scanners = {
        name: Scanner(name, mx=(f"{name}.example",), egress=egress)
        for name in (f"scanner{n}" for n in range(_SCANNERS))
    }
    rules = Rules(inventory=inventory, stage=Stage.REFUSE, scanners=scanners)
    memory = StoredMemory(Store.open(directory / "store.db"))
    doors = Doors(resolver, scanners, memory, time.time)
    return Decider(rules, doors, ClientNames(resolver, time.time))


def _arrival(name: str, number: int) -> Arrival:
    client = ip_address(_CLIENTS[number % 2])
    return Arrival(client, _SERVER, "client.example", "a@client.example", f"user@{name}")


def _names(number: int) -> list[str]:
    return [f"customer{n:07}.example" for n in range(number)]


def _hosts(number: int) -> list[str]:
    customer, scanner = number % _SETS, number % _SCANNERS
    return [f"mx{n}.c{customer}.scanner{scanner}.example" for n in (1, 2)]


def _exchanges(number: int) -> list[str]:
    return [f"10 {host}" for host in _hosts(number)]


def _found(values: list[str], now: float) -> Remembered:
    return Remembered(Known.FOUND, tuple(values), "", now, now + _HOUR)


if __name__ == "__main__":
    place, (step, *counts) = Path(sys.argv[1]), sys.argv[2:]
    if step == "remember":
        remember(place, *map(int, counts))
    else:
        print(json.dumps(decide(place, *map(int, counts))))  # noqa: T201
