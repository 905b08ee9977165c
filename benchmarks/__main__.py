"""The command: runs works one after the other, prints one table, and writes it as JSON if asked.

python -m benchmarks [--work NAME]... [--pairs 5] [--json FILE] [--quick]
"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console

from benchmarks.conditions import conditions, load_average
from benchmarks.results import show, write
from benchmarks.rounds import Effort
from benchmarks.works import WORKS
from tests.integration.servers import room

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a tmpfs, so that no disk is measured


@click.command()
@click.option("--work", "names", multiple=True, type=click.Choice([*WORKS]), help="Only this one.")
@click.option("--pairs", default=5, show_default=True, help="Rounds; their median is told.")
@click.option("--json", "path", type=click.Path(path_type=Path), help="Write all figures there.")
@click.option("--quick", is_flag=True, help="Tiny counts: shows that it runs, and nothing else.")
def main(names: tuple[str, ...], pairs: int, path: Path | None, quick: bool) -> None:
    """Measure mxward beside other servers; all of it takes about twenty minutes."""
    if why_not := room.why_not():
        sys.exit(f"benchmarks: {why_not}")
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too where a shell's `&` has ignored it
        signal.signal(number, lambda *_: sys.exit("benchmarks: stopped"))
    room.leave_the_network()
    effort = Effort(pairs=1 if quick else pairs, quick=quick)
    results = []
    with tempfile.TemporaryDirectory(
        prefix="benchmarks-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None
    ) as name:
        directory = Path(name)
        directory.chmod(0o755)  # the servers run as users of their own
        about = conditions(directory, effort)
        try:
            for work in names or WORKS:
                click.echo(f"{work} ...", err=True)
                (directory / work).mkdir()
                results.append(WORKS[work](directory / work, effort))
        finally:  # what was found before a Ctrl-C is told too
            about["load average after"] = load_average()
            if path:
                write(results, about, path)
            console = Console(width=None if sys.stdout.isatty() else 140)
            show(results, about, console, judged=not quick)


if __name__ == "__main__":
    main()
