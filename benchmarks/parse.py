"""The parser alone, as a process: reads a log, and does nothing with what it tells.

python -m benchmarks.parse exim|postfix LOG
"""

from __future__ import annotations

import sys
from datetime import UTC

from mxward.maillog.recognise import Format, reader_for
from mxward.maillog.stamps import Clock
from mxward.reports.ingest.sources import Source

__all__: list[str] = []


def main() -> None:
    """Count messages, so that somebody takes them."""
    found, log = Format(sys.argv[1]), sys.argv[2]
    count = 0
    with Source(log) as source:
        reader = reader_for(found, Clock(UTC, source.changed_at))
        for block in source.blocks():
            for _ in reader.read(block):
                count += 1
        for _ in reader.end():
            count += 1
    print(count, reader.tally.lines, reader.tally.strange.total())  # noqa: T201


if __name__ == "__main__":
    main()
