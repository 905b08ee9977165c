"""What an audit asks about many domains, from a resolver that knows nothing yet.

For each domain MX and TXT, and A and AAAA of 24 names, of which 6 exist: 32 look-ups, since AAAA is
left out where there is no name. unbound is started anew before each measurement; it and NSD are on
the same machine as the client. dnspython asks for a tenth of the domains, and its time is told
tenfold. massdns takes part where the environment names it (peers.massdns); it makes the same
look-ups, type by type.

Time is from the first question to the last answer. Linear is the time of four times the domains by
four times that of a round's. The memory is the most that was ever resident, all of Python included;
what a domain adds is told by these two sizes.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.peers.massdns import MASSDNS, look_up
from benchmarks.peers.resolver import Resolver, names
from benchmarks.results import Result, Target
from benchmarks.rounds import Effort, Measured, ratio

__all__ = ["run"]

_SERVER = "127.0.0.1"
_MOST_ROUNDS = 3
_TIMES = 4
_MANY = 100_000  # domains


def run(directory: Path, effort: Effort) -> Result:
    number = effort.scaled(5_000, 40)
    rounds = min(effort.pairs, _MOST_ROUNDS)
    nsd, resolver = names(directory, number * _TIMES)
    with nsd, resolver:
        found = [_round(directory, resolver, number, backwards=n % 2 == 1) for n in range(rounds)]
        resolver.forget()
        many = _client("mxward", number * _TIMES)
    rows = {name: Measured(name, [each[name] for each in found], number) for name in found[0]}
    seconds = rows["mxward, s"]
    rows["larger"] = Measured(f"mxward, {_TIMES} times the domains, s", [many["seconds"]])
    rows["memory"] = Measured(f"mxward, {_TIMES} times the domains, MB", [many["megabytes"]])
    grown = (many["megabytes"] - rows["mxward, MB"].median) / (number * (_TIMES - 1))
    megabytes = many["megabytes"] + grown * (_MANY - number * _TIMES)
    targets = [
        Target(f"{number:,} domains, s", seconds.median, 60),
        Target("us of CPU a look-up", rows["mxward, us of CPU a look-up"].median, 27),
        Target("linear", many["seconds"] / _TIMES / statistics.mean(seconds.values), 1.2),
        Target(f"{_MANY:,} domains, MB", megabytes, 300),
        Target("look-ups that failed", sum(rows["mxward, failed"].values), 0),
    ]
    if MASSDNS:
        targets.append(Target("time by massdns's", ratio(seconds, rows["massdns, s"]), 1.5))
    what = f"{number:,} domains looked up"
    return Result("bulk-dns", what, "s, us or MB", [*rows.values()], targets)


def _round(
    directory: Path, resolver: Resolver, number: int, *, backwards: bool
) -> dict[str, float]:
    found: dict[str, float] = {}
    clients = ["mxward", "dnspython", *(["massdns"] if MASSDNS else [])]
    for client in reversed(clients) if backwards else clients:
        resolver.forget()
        if client == "massdns":
            seconds, cpu = look_up(directory, _SERVER, number)
            found |= {"massdns, s": seconds, "massdns, us of CPU a look-up": cpu}
        else:
            found |= _measured(client, number)
    return {name: found[name] for name in sorted(found, key=lambda name: clients.index(_who(name)))}


def _measured(client: str, number: int) -> dict[str, float]:
    tenth = client == "dnspython"
    told = _client(client, number // 10 if tenth else number)
    return {
        f"{client}, s": told["seconds"] * (10 if tenth else 1),
        f"{client}, us of CPU a look-up": told["cpu"] / told["asked"] * 1e6,
        f"{client}, MB": told["megabytes"],
        f"{client}, failed": told["failed"],
    }


def _who(name: str) -> str:
    return name.partition(",")[0]


def _client(client: str, number: int) -> dict[str, Any]:
    """What a client of benchmarks.bulk_dns tells."""
    command = [sys.executable, "-m", "benchmarks.bulk_dns", client, _SERVER, "0", str(number)]
    command = ["setpriv", "--pdeathsig", "KILL", *command]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told
