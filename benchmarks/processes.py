"""What processes have used so far, read from /proc (proc(5)): CPU time and resident memory.

A server is the whole tree below the process that was started, and what has exited in it: the
kernel adds a child's time to its parent's `cutime` when the parent waits for it. The kernel counts
in nanoseconds and shows hundredths of a second, so a measurement should last some tenths.

Supported: Linux. Not counted: kernel memory, such as socket buffers.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

__all__ = ["cpu", "forget_peak", "peak_memory", "resident_memory", "tree"]

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_RESET_PEAK = "5"  # for /proc/PID/clear_refs


def cpu(root: int) -> float:
    """Seconds of CPU, user and system, that a process and all below it have used."""
    stats = _stats()
    return sum(sum(map(int, stats[pid][11:15])) for pid in _below(root, stats)) * _TICK


def resident_memory(root: int) -> int:
    """Bytes of a process and all below it. What they share is counted in each."""
    return sum(_status(pid, "VmRSS") for pid in tree(root))


def forget_peak(root: int) -> None:
    """Let `peak_memory` count from now on. Needs root, or the process's own user."""
    for pid in tree(root):
        Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)


def peak_memory(root: int) -> int:
    """The most bytes that were ever resident, summed over the processes as above."""
    return sum(_status(pid, "VmHWM") for pid in tree(root))


def tree(root: int) -> list[int]:
    """A process and all below it, by their ids; empty where it has ended."""
    return _below(root, _stats())


def _below(root: int, stats: dict[int, list[str]]) -> list[int]:
    children = defaultdict(list)
    for pid, fields in stats.items():
        children[int(fields[1])].append(pid)
    found = [root] if root in stats else []
    for pid in found:
        found += children[pid]
    return found


def _stats() -> dict[int, list[str]]:
    """The fields of each /proc/PID/stat after the name, which may hold anything."""
    stats = {}
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            text = (directory / "stat").read_text()
        except OSError:  # it has just ended
            continue
        stats[int(directory.name)] = text[text.rindex(")") + 2 :].split()
    return stats


def _status(pid: int, key: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(key)), 0)
