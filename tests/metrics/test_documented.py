"""docs/metrics.md has every metric as the code has it.

    python -m tests.metrics.test_documented

writes its table anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mxward.metrics import catalogue
from mxward.metrics.exposition import DERIVED
from mxward.metrics.metric import Across, Metric

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
_HEAD = "| metric | type | labels | |\n|---|---|---|---|\n"


def reference() -> str:
    """The table."""
    rows = [*map(_row, catalogue.ALL), *_derived()]
    return _HEAD + "".join(f"{row}\n" for row in rows)


def _row(metric: Metric) -> str:
    labels = [f"`{name}`: {_values(values)}" for name, values in metric.labels]
    labels += ["`worker`: its number"] if metric.across is Across.EACH else []
    kind = metric.shape.value
    how = {Across.MOST: "The highest of all workers'.", Across.LEAST: "The earliest."}
    text = " ".join(filter(None, (metric.help, how.get(metric.across))))
    return f"| `{metric.full_name}` | {kind} | {'; '.join(labels)} | {text} |"


def _values(values: tuple[str, ...]) -> str:
    if len(values) > 10:
        return "[the reasons](reasons.md)" if "back-door" in values else "the log's `event=`"
    return " ".join(f"`{value}`" for value in values)


def _derived() -> Iterator[str]:
    for name, text in DERIVED.items():
        yield f"| `mxward_{name}` | gauge |  | {text} |"


def test_the_table_is_the_code_s() -> None:
    assert reference() in DOCUMENT.read_text()


def main() -> None:
    before, _, rest = DOCUMENT.read_text().partition(_HEAD)
    after = rest[rest.index("\n\n") :] if "\n\n" in rest else "\n"
    DOCUMENT.write_text(before + reference().rstrip("\n") + after)


if __name__ == "__main__":
    main()
