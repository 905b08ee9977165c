"""One module for each work: `run(directory, effort)` measures it, and says what was to reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.results import Result
from benchmarks.rounds import Effort
from benchmarks.works import (
    accept_rules,
    before_postfix,
    bulk_dns,
    decisions,
    expiring,
    fast_path,
    firewall,
    idle,
    ingest_memory,
    ingest_processes,
    large,
    memory,
    policyd,
    probing,
    questions,
    reading_logs,
    refused,
    relayed,
    storm,
    workers,
    writing_rules,
)

__all__ = ["WORKS"]

WORKS: Mapping[str, Callable[[Path, Effort], Result]] = {
    "refused": refused.run,
    "relayed": relayed.run,
    "before-postfix": before_postfix.run,
    "large": large.run,
    "idle": idle.run,
    "memory": memory.run,
    "decisions": decisions.run,
    "workers": workers.run,
    "storm": storm.run,
    "fast-path": fast_path.run,
    "firewall": firewall.run,
    "policyd": policyd.run,
    "accept-rules": accept_rules.run,
    "expiring": expiring.run,
    "bulk-dns": bulk_dns.run,
    "probing": probing.run,
    "reading-logs": reading_logs.run,
    "ingest-processes": ingest_processes.run,
    "ingest-memory": ingest_memory.run,
    "questions": questions.run,
    "writing-rules": writing_rules.run,
}
