"""A million lines of Exim and of Postfix: the parser alone, and all of `mxward ingest`, beside the
programs that have always summed up these logs: Exim's own eximstats, and pflogsumm.

CPU of the whole process, its start included. Those two count and add up; mxward tells each message
with all its fields, and ingest writes all columns as Parquet. One process each. The logs are those
of `benchmarks.logs`: Exim's name the recipients in the arrival, Postfix's are joined by queue id.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import logs
from benchmarks.programs import Program, in_turn
from benchmarks.results import Result, Target
from benchmarks.rounds import Effort, ratio
from tools import debian_cache

__all__ = ["ingest", "run"]

_PARSER, _INGEST = 1 / 3.5, 1 / 1.9


def run(directory: Path, effort: Effort) -> Result:
    lines = effort.scaled(1_000_000, 3_000)
    exim = logs.write(directory / "mainlog", logs.exim(lines))
    postfix = logs.write(directory / "mail.log", logs.postfix(lines))
    programs = [
        _parser("exim", exim),
        ingest("mxward ingest, Exim", exim),
        Program("eximstats", ["perl", str(debian_cache.CACHE / "usr/sbin/eximstats"), str(exim)]),
        _parser("postfix", postfix),
        ingest("mxward ingest, Postfix", postfix),
        _pflogsumm(postfix),
    ]
    rows = in_turn(programs, effort.pairs, lines, lambda used: used.cpu / lines * 1e6)
    targets = [
        Target(f"{ours.name}, of {theirs.name}", ratio(ours, theirs), bound)
        for first, theirs in ((0, rows[2]), (3, rows[5]))
        for ours, bound in ((rows[first], _PARSER), (rows[first + 1], _INGEST))
    ]
    return Result("reading-logs", "reading a log", "s of CPU a million lines", rows, targets)


def _parser(what: str, log: Path) -> Program:
    command = [sys.executable, "-m", "benchmarks.parse", what, str(log)]
    return Program(f"mxward parser, {what.capitalize()}", command)


def ingest(name: str, log: Path, *options: str) -> Program:
    """Into a table that is not there yet."""
    table = log.with_name(f"{log.name}-{'-'.join(options)}-table")
    command = [sys.executable, "-m", "mxward", "ingest", str(log), "--to", str(table), *options]
    return Program(name, ["sh", "-ec", 'rm -rf "$0"; exec "$@"', str(table), *command])


def _pflogsumm(log: Path) -> Program:
    place = debian_cache.CACHE
    modules = [place / "usr/share/perl5", *place.glob("usr/lib/*/perl5/*")]
    return Program(
        "pflogsumm",
        ["perl", str(place / "usr/sbin/pflogsumm"), str(log)],
        {"PERL5LIB": ":".join(map(str, modules))},
    )
