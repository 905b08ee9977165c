"""Where reading goes on, by what files there are: as logrotate and others leave them."""

from __future__ import annotations

import pytest

from mxward.reports.follow.tail import Place, Route, Seen, Stop, route

OLD, NEW, NEWEST = (b"2026-11-%02d 00:00:01 the first line\n" % day for day in (24, 25, 26))


def seen(name: str, inode: int, head: bytes = OLD, size: int = 5000, at: int = 50) -> Seen:
    return Seen(name, inode, size, at, head, packed=name.endswith("gz"))


def place(inode: int = 1, offset: int = 4000, head: bytes = OLD, former: bytes = b"") -> Place:
    return Place(inode, offset, head, 40, former)


CASES = {
    "it has grown": (place(), [seen("log", 1)], [("log", 4000)], ""),
    "renamed": (
        place(),
        [seen("log", 2, NEW), seen("log.1", 1)],
        [("log.1", 4000), ("log", 0)],
        "",
    ),
    "renamed, and nothing new yet": (place(), [seen("log.1", 1)], [("log.1", 4000)], ""),
    "renamed three times, the last line of the oldest came late": (
        place(),
        [
            seen("log", 4, b"", 0),
            seen("log.1", 3, NEWEST, at=60),
            seen("log.2", 2, NEW),
            seen("log.3", 1, at=90),
        ],
        [("log.3", 4000), ("log.2", 0), ("log.1", 0), ("log", 0)],
        "",
    ),
    "dates in the names": (
        place(),
        [
            seen("log", 4, b"", 0),
            seen("log-20261126", 3, NEWEST),
            seen("log-20261125.gz", 2, NEW),
            seen("log-20261124.gz", 9),
        ],
        [("log-20261124.gz", 4000), ("log-20261125.gz", 0), ("log-20261126", 0), ("log", 0)],
        "",
    ),
    "copied and truncated": (
        place(),
        [seen("log", 1, NEW, 100), seen("log.1", 2)],
        [("log.1", 4000), ("log", 0)],
        "",
    ),
    "copied, truncated, and longer than before": (
        place(),
        [seen("log", 1, NEW, 9000), seen("log.1", 2)],
        [("log.1", 4000), ("log", 0)],
        "",
    ),
    "just being compressed": (
        place(),
        [seen("log", 2, NEW), seen("log.1", 1), seen("log.1.gz", 7)],
        [("log.1", 4000), ("log", 0)],
        "",
    ),
    "its inode has another file by now": (
        place(),
        [seen("log", 1, NEW, 9000), seen("log.1", 3)],
        [("log.1", 4000), ("log", 0)],
        "",
    ),
    "on another disk": (place(), [seen("log", 77)], [("log", 4000)], ""),
    "truncated": (
        place(),
        [seen("log", 1, NEW, 100)],
        [("log", 0)],
        "was truncated, and no copy of it is here",
    ),
    "gone, with older and newer ones beside it": (
        place(),
        [seen("log", 2, NEWEST), seen("log.1", 3, NEW), seen("log.2", 4, b"older\n", at=30)],
        [("log.1", 0), ("log", 0)],
        "the file that was being read is gone",
    ),
    "too little of it was seen to know a copy by": (
        place(offset=4, head=b"2026"),
        [seen("log", 2, NEW), seen("log.1", 3, OLD)],
        [("log.1", 0), ("log", 0)],
        "the file that was being read is gone",
    ),
    "it was empty, and has been copied since": (
        place(offset=0, head=b"", former=OLD),
        [seen("log", 1, NEWEST), seen("log.1", 3, NEW), seen("log.2", 2, OLD)],
        [("log.1", 0), ("log", 0)],
        "",
    ),
    "it was empty, and who wrote before it was late": (
        place(offset=0, head=b"", former=OLD),
        [seen("log", 1, NEWEST), seen("log.1", 2, OLD)],
        [("log", 0)],
        "",
    ),
    "it was empty, and is again": (
        place(offset=0, head=b""),
        [seen("log", 1, b"", 0)],
        [("log", 0)],
        "was written to and truncated, and no copy of it is here",
    ),
    "nothing is there": (place(), [], [], "the file that was being read is gone"),
}


@pytest.mark.parametrize("case", CASES)
def test_goes_on(case: str) -> None:
    where, files, stops, lost = CASES[case]
    live = next((one for one in files if one.name == "log"), None)
    found = route(where, live, [one for one in files if one is not live])
    every = (*([] if found.here is None else [found.here]), *found.after)
    assert [(stop.seen.name, stop.offset) for stop in every] == stops
    assert found.lost == lost


def test_what_was_being_read_comes_first() -> None:
    live, before = seen("log", 2, NEW), seen("log.1", 1)
    assert route(place(), live, [before]) == Route(Stop(before, 4000), (Stop(live),))
