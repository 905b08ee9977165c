"""Under what conditions a run took place: without them its figures say little."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.rounds import Effort
from tests.integration.servers import room

__all__ = ["conditions", "load_average"]

_VERSIONS = {
    "HAProxy": ["/opt/usr/sbin/haproxy", "-v"],
    "nginx": ["/opt/usr/sbin/nginx", "-v"],
    "Postfix": ["/opt/usr/sbin/postconf", "-d", "-h", "mail_version"],
    "Exim": ["/opt/usr/sbin/exim4", "-C", "/dev/null", "-bV"],
}
_NUMBER = re.compile(r"\d+\.\d+(?:\.\d+)*")


def conditions(directory: Path, effort: Effort) -> dict[str, str]:
    """What to know of the machine, the programs and the run."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{_processor()}, {os.cpu_count()} cores, Linux {platform.release()}",
        "load average before": load_average(),
        "Python": f"{platform.python_version()}, {platform.python_compiler()}, {sys.base_prefix}",
        "versions": ", ".join(_versions(directory)),
        "effort": "quick: no figure means anything" if effort.quick else f"{effort.pairs} rounds",
        "network": "loopback, all on one machine",
    }


def load_average() -> str:
    """Of one, five and fifteen minutes: how busy the machine is, by others too."""
    return " ".join(f"{each:.2f}" for each in os.getloadavg())


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _versions(directory: Path) -> list[str]:
    found = [f"{name} {version(name)}" for name in ("mxward", "uvloop", "aiosmtpd")]
    for name, argv in _VERSIONS.items():
        command = room.command(argv, directory / "versions")
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        number = _NUMBER.search(done.stdout)
        found.append(f"{name} {number[0] if number else 'of unknown version'}")
    return found
