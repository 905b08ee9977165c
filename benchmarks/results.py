"""What the works found: one table for people, the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.rounds import Measured

__all__ = ["Result", "Target", "show", "write"]


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be reached: `value` is what was, None where it could not be measured."""

    what: str
    value: float | None
    bound: float
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        if self.value is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        value = "not measured" if self.value is None else f"{self.value:,.4g}"
        verdict = {None: "SKIPPED", True: "met", False: "MISSED"}[self.met]
        note = f" ({self.note})" if self.note else ""
        return f"{verdict}: {self.what}: {value}, to reach {sign} {self.bound:,g}{note}"


@dataclass(frozen=True, slots=True)
class Result:
    """One work: what each contender came to in `unit`, and the targets."""

    work: str
    what: str
    unit: str
    rows: Sequence[Measured]
    targets: Sequence[Target]


def show(
    results: Sequence[Result], conditions: Mapping[str, object], console: Console, *, judged: bool
) -> None:
    """Print all of it; the targets only where the counts were such that they can be `judged`."""
    for key, value in conditions.items():
        console.print(f"{key}: {value}", highlight=False, markup=False)
    table = Table("work", "contender", "median", "lowest", "highest", "unit", "each round")
    for result in results:
        for number, row in enumerate(result.rows):
            figures = [f"{x:,.1f}" for x in (row.median, min(row.values), max(row.values))]
            work = result.what if number == 0 else ""
            table.add_row(work, row.name, *figures, result.unit, f"{row.sessions:,}")
        table.add_section()
    console.print(table)
    for result in results if judged else ():
        for target in result.targets:
            console.print(f"{result.work}: {target}", highlight=False, markup=False)


def write(results: Sequence[Result], conditions: Mapping[str, object], path: Path) -> None:
    """The same as JSON, with every single value."""
    found = [
        {
            "work": result.work,
            "what": result.what,
            "unit": result.unit,
            "contenders": [
                {"name": row.name, "median": row.median, "values": row.values, "each": row.sessions}
                for row in result.rows
            ],
            "targets": [
                {
                    "what": target.what,
                    "value": target.value,
                    "bound": target.bound,
                    "at_least": target.at_least,
                    "met": target.met,
                    "note": target.note,
                }
                for target in result.targets
            ],
        }
        for result in results
    ]
    path.write_text(json.dumps({"conditions": conditions, "works": found}, indent=1) + "\n")
