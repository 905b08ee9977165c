"""massdns, the fastest client there is: in C, and it keeps nothing. It is no Debian package.

Who has it names it in the environment: MASSDNS=/path/to/massdns.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.peers.resolver import GUESSES, domain_of, exists

__all__ = ["MASSDNS", "look_up"]

MASSDNS = os.environ.get("MASSDNS")


def look_up(directory: Path, server: str, number: int) -> tuple[float, float]:
    """Ask what `bulk_dns` asks of so many domains; seconds, and microseconds of CPU a look-up.

    It is told which names exist, for it cannot leave AAAA out where there is no name.
    """
    (directory / "resolvers").write_text(f"{server}\n")
    domains = [domain_of(each) for each in range(number)]
    lists = {
        "MX": domains,
        "TXT": domains,
        "A": [*_below(domains, GUESSES)],
        "AAAA": [*_below(domains, filter(exists, GUESSES))],
    }
    for kind, names in lists.items():
        (directory / kind).write_text("\n".join(names) + "\n")
    start, cpu = time.monotonic(), _cpu_of_children()
    for kind in lists:
        _run(directory, kind)
    seconds, used = time.monotonic() - start, _cpu_of_children() - cpu
    return seconds, used / sum(map(len, lists.values())) * 1e6


def _below(domains: list[str], guesses: Iterable[str]) -> Iterator[str]:
    """The names that are guessed, in the order in which `bulk_dns` asks for them."""
    some = tuple(guesses)
    return (f"{guess}.{domain}" if guess else domain for domain in domains for guess in some)


def _run(directory: Path, kind: str) -> None:
    command = [str(MASSDNS), "--root", "--quiet", "--hashmap-size", "500", "--type", kind]
    command += ["--resolvers", str(directory / "resolvers"), "--output", "S"]
    command += ["--outfile", str(directory / "found"), str(directory / kind)]
    command = ["setpriv", "--pdeathsig", "KILL", *command]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def _cpu_of_children() -> float:
    times = os.times()
    return times.children_user + times.children_system
