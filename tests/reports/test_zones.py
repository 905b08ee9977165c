"""Time zones by name, by the machine's own file, and in other processes."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

import pytest

from mxward.reports.zones import FileZone, zone_named

BERLIN = next(path for path in (Path(p) / "Europe/Berlin" for p in TZPATH) if path.exists())
MOMENTS = [
    datetime(2026, 7, 1, 12, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # 02:30, for the first time
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2026, 12, 1, 12, tzinfo=UTC),
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_file_says_what_the_zone_says(moment: datetime) -> None:
    zone, expected = FileZone(BERLIN), ZoneInfo("Europe/Berlin")
    for each in (zone, pickle.loads(pickle.dumps(zone))):  # noqa: S301 - our own
        local, right = moment.astimezone(each), moment.astimezone(expected)
        assert (f"{local} {local:%Z}", local.fold) == (f"{right} {right:%Z}", right.fold)
        assert local.timestamp() == moment.timestamp()
        assert local.dst() == right.dst()


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "Africa/Johannesburg"])
def test_by_name(name: str) -> None:
    assert zone_named(name) == ZoneInfo(name)


@pytest.mark.parametrize(
    "name", ["", "Mars/Phobos", "../../etc/passwd", "/etc/localtime", "Europe"]
)
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match=r"is no time zone; Africa/Johannesburg is one$"):
        zone_named(name)


def test_this_machines_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":Africa/Johannesburg")
    assert zone_named(None) == ZoneInfo("Africa/Johannesburg")
    for unnamed in ("CET-1CEST", ""):
        monkeypatch.setenv("TZ", unnamed)
        assert datetime(2026, 1, 1).replace(tzinfo=zone_named(None)).utcoffset() is not None
