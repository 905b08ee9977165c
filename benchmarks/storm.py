"""The process of works.storm: refused sessions at a steady rate, from one core and many addresses.

python -m benchmarks.storm ADDRESS RATE SECONDS SOURCE...

Prints the rate that was reached. Whoever is told anything but 550 ends it.
"""

from __future__ import annotations

import os
import sys

from benchmarks import load
from benchmarks.peers.mxward import DOMAINS

_KNOWN = 1000  # domains that the worm goes through


def run(address: str, rate: int, seconds: float, sources: list[str]) -> float:
    """Sessions a second that were reached."""

    def session(number: int) -> load.Session:
        return load.Session(
            f"user@{DOMAINS[number % _KNOWN]}", source=sources[number % len(sources)]
        )

    number = int(rate * seconds)
    return number / load.steady(address, 25, session, number, rate)


if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    server, a_second, long, *addresses = sys.argv[1:]
    print(run(server, int(a_second), float(long), addresses))  # noqa: T201
