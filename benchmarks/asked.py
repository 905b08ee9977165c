"""The processes of works.questions: one writes arrivals as Parquet, another asks them.

python -m benchmarks.asked DIRECTORY write ARRIVALS KEYS
python -m benchmarks.asked DIRECTORY who|what-if|report
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from itertools import accumulate
from pathlib import Path

import pyarrow as pa

from mxward.cli.facts import LookUps
from mxward.config import Config, load
from mxward.inventory import Inventory
from mxward.model import Kind, Known, Question, Remembered, Stage
from mxward.reports.deciding import judge, under
from mxward.reports.duck import DuckEngine
from mxward.reports.ingest.partitions import writer
from mxward.reports.schema import SCHEMA
from mxward.reports.summary import senders, summarise
from mxward.reports.what_if import what_if
from mxward.store.database import Store

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
_DAYS = 30
_DOMAINS = 20_000
_SETS = 3_000
_OWN = "203.0.113.25"
_CONFIGURATION = f"""\
[server]
listen = ["{_OWN}:25"]
upstream = "127.0.0.1:10025"
identity = "proxy-v2"
addresses = ["{_OWN}"]
[inventory]
files = ["domains"]
[scanners.scanner]
mx = ["scanner.example"]
egress = ["198.51.100.0/24"]
[dns]
servers = ["127.0.0.1:1"]
[store]
path = "store.db"
"""


def write(directory: Path, arrivals: int, keys: int) -> None:
    """A table of arrivals of so many keys, and what they are judged by: all front doors known."""
    (directory / "mxward.toml").write_text(_CONFIGURATION)
    names = [f"customer{n:05}.example" for n in range(_DOMAINS)]
    (directory / "domains").write_text("\n".join(names) + "\n")
    _remember(directory, names)
    chance = random.Random(1)  # noqa: S311 - the same each time
    pairs: dict[tuple[str, str], None] = {}
    while len(pairs) < keys:
        pairs[_client(chance, len(pairs)), names[chance.randrange(_DOMAINS)]] = None
    shares = list(accumulate(1 / (1 + n) ** 0.8 for n in range(keys)))
    whole = -(-arrivals // _DAYS)
    for day in range(_DAYS):
        place = directory / "table" / f"day=2026-01-{day + 1:02}"
        place.mkdir(parents=True)
        numbers = range(day * whole, min((day + 1) * whole, arrivals))
        some = chance.choices(list(pairs), cum_weights=shares, k=len(numbers))
        if day == 0:
            some[:keys] = pairs  # each at least once
        table = pa.Table.from_batches([_rows(some, numbers, arrivals)]).drop_columns(["day"])
        with writer(place / "made.parquet") as file:
            file.write_table(table, 1 << 17)


def _remember(directory: Path, names: list[str]) -> None:
    store = Store.open(directory / "store.db")
    hosts = [f"mx{n}.scanner.example" for n in range(_SETS)]
    for at in (_BEGIN - 86_400, time.time()):

        def found(*values: str, at: float = at) -> Remembered:
            return Remembered(Known.FOUND, values, "", at, at + 3600)

        store.save(
            {Question(Kind.MX, n): found(f"10 {hosts[i % _SETS]}.") for i, n in enumerate(names)}
        )
        store.save({Question(Kind.A, host): found("198.51.100.10") for host in hosts})
        store.save({Question(Kind.AAAA, host): found("2001:db8::10") for host in hosts})
    store.close()


def _client(chance: random.Random, number: int) -> str:
    """Three in four are the scanner's; the others come by the back door, a few of them often."""
    if number % 4:
        return str(ip_address(0xC6336400 + number % 256))
    return str(ip_address(0xCB007100 + int(chance.paretovariate(0.5)) % 60_000))


def _rows(drawn: Sequence[tuple[str, str]], numbers: range, of: int) -> pa.RecordBatch:
    count = len(numbers)
    at = [int((_BEGIN + _DAYS * 86_400 * n / of) * 1_000_000) for n in numbers]
    told = {
        "arrived_at": at,
        "day": [f"2026-01-{1 + int(_DAYS * n / of):02}" for n in numbers],
        "outcome": ["accepted"] * count,
        "program": ["exim"] * count,
        "copy": [False] * count,
        "message": [f"1vb{n:08x}-{n % 997:011d}-0000" for n in numbers],
        "client": [client for client, _ in drawn],
        "client_key": [_key(client) for client, _ in drawn],
        "client_port": [1024 + n % 60_000 for n in numbers],
        "interface": [_OWN] * count,
        "interface_key": [_key(_OWN)] * count,
        "interface_port": [25] * count,
        "helo": [f"mail.{client.replace('.', '-')}.example" for client, _ in drawn],
        "protocol": ["esmtps"] * count,
        "tls": [["", "TLS1.3:TLS_AES_256_GCM_SHA384:256"][n % 2] for n in numbers],
        "sender": [f"user{n % 1_000}@far{n % 5_000}.example" for n in numbers],
        "sender_domain": [f"far{n % 5_000}.example" for n in numbers],
        "recipient": [
            f"user{n % 50}@{domain}" for n, (_, domain) in zip(numbers, drawn, strict=True)
        ],
        "recipient_key": [domain for _, domain in drawn],
        "size": [1_000 + n * 7919 % 100_000 for n in numbers],
        "log": ["mainlog"] * count,
        "line": [*numbers],
    }
    columns = [pa.array(told.get(f.name, [None] * count), f.type) for f in SCHEMA]
    return pa.record_batch(columns, schema=SCHEMA)


def _key(client: str) -> str:
    return f"{int(ip_address(client)) + (0xFFFF << 32):032x}"


def ask(directory: Path, what: str) -> dict[str, float]:
    """Seconds, and the megabytes that the process has come to at most."""
    os.chdir(directory)
    config = load(Path("mxward.toml"))
    begun = time.perf_counter()
    keys = _ask(config, what)
    took = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": took, "megabytes": peak, "keys": keys}


def _ask(config: Config, what: str) -> int:
    store = Store.open(config.store.path, read_only=True)
    inventory = Inventory(config.inventory, config.place("inventory")).read().domains
    rules = config.rules(inventory)
    if what == "what-if":
        rules = under(Stage.REFUSE, rules)
    engine = DuckEngine([Path("table")])
    facts = LookUps(config, rules, store, offline=True)
    asked = judge(engine, rules, facts, ip_address(_OWN))
    if what == "report":
        back = summarise(engine, inventory).doors()["back"][1]
    else:
        back = sum(sender.client.recipients for sender in senders(engine, inventory))
    if not back or back == asked.rested.total():
        raise RuntimeError("a part of it should have come by the back door")
    if what == "what-if" and what_if(engine, Stage.REFUSE).of("refuse") != back:
        raise RuntimeError("what came by the back door was not refused")
    engine.close()
    return asked.keys


if __name__ == "__main__":
    place, (step, *counts) = Path(sys.argv[1]), sys.argv[2:]
    if step == "write":
        write(place, *map(int, counts))
    else:
        print(json.dumps(ask(place, step)))  # noqa: T201
