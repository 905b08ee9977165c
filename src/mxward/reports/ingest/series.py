"""Which of several logs goes on where another ends, by the names that rotation gives.

Supported: `mainlog.1`, `mainlog.2.gz` (the higher, the older), `mail.log-20260131`,
`maillog-2026-01-31_0000.xz` (the later, the newer); the bare name is the newest. Not supported:
logs of one series in several directories.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

__all__ = ["following"]

_NAME = re.compile(
    r"(?P<stem>.+?)(?:\.(?P<count>[0-9]{1,4})|[-._](?P<date>[0-9]{4}-?[0-9]{2}-?[0-9]{2}[-_T0-9]*))?"
    r"(?:\.(?:gz|bz2|xz|zst))?",
    re.DOTALL,
)


def following(logs: Iterable[str]) -> dict[str, str]:
    """For each log, the one that goes on where it ends, where that is among them."""
    series: dict[str, list[tuple[bool, int, str, str]]] = defaultdict(list)
    for log in set(logs) - {"-"}:
        found = _NAME.fullmatch(log)
        if found is not None:
            count, date = found["count"], found["date"] or ""
            newest = not count and not date
            series[found["stem"]].append((newest, -int(count or 0), date, log))
    return {
        one[-1]: next_[-1]
        for those in series.values()
        for one, next_ in pairwise(sorted(those))
        if one[:-1] != next_[:-1]
    }
