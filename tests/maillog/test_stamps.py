"""Timestamps of logs: right to the millisecond, in the log's own zone, and None where wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.maillog.stamps import Clock

BERLIN = ZoneInfo("Europe/Berlin")
NOV_24 = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("stamp", "meant"),
    [
        (b"2010-11-17 09:28:01", "2010-11-17T08:28:01"),  # Berlin's winter
        (b"2010-07-17 09:28:01", "2010-07-17T07:28:01"),  # and summer
        (b"2010-11-17 09:28:01.123", "2010-11-17T08:28:01.123"),
        (b"2010-11-17 09:28:01 +0200", "2010-11-17T07:28:01"),
        (b"2010-11-17 09:28:01.5 -0330", "2010-11-17T12:58:01.5"),
        (b"2026-11-24T10:00:00.123456+01:00", "2026-11-24T09:00:00.123456"),
        (b"2026-11-24T10:00:00Z", "2026-11-24T10:00:00"),
        (b"2026-11-24T10:00:00+0100", "2026-11-24T09:00:00"),
        (b"2016-12-31T23:59:60Z", "2017-01-01T00:00:00"),  # a leap second
        (b"2024-02-29 12:00:00", "2024-02-29T11:00:00"),
        (b"Nov 24 10:00:00", "2026-11-24T09:00:00"),
        (b"Nov  7 09:28:01", "2026-11-07T08:28:01"),
        (b"Dec  7 09:28:01", "2025-12-07T08:28:01"),  # later in the year than the file's end
    ],
)
def test_says_when(stamp: bytes, meant: str) -> None:
    assert Clock(BERLIN, NOV_24).at(stamp) == pytest.approx(utc(meant), abs=1e-6)


@pytest.mark.parametrize(
    "stamp",
    [
        b"",
        b"2010-02-30 09:28:01",
        b"2010-13-01 09:28:01",
        b"2010-11-17 25:28:01",
        b"2010-11-17 09:60:01",
        b"2010-11-17 09:28:61",
        b"2010-11-17 09:28:1",
        b"2010-11-17 09:28-01",
        b"0000-11-17 09:28:01",
        b"2010-11-17_09:28:01",
        b"2010-11-17 +9:28:01",
        b"2010-11-17 09:28:01.",
        b"2010-11-17 09:28:01 +2500",
        b"2010-11-17 09:28:01 +0199",
        b"2010-11-17 09:28:01 CET",
        b"2010-11-17 09:28:01\n",
        b"0001-01-01 00:00:00 +1400",
        b"1969-12-31 23:59:59 +0000",
        b"9999-12-31 23:59:59 -1200",
        b"Nov 31 10:00:00",
        b"Nev 24 10:00:00",
        b"Nov 24 10:00:99",
        b"Nov 24 1O:00:00",
        b"-",
    ],
)
def test_is_no_date(stamp: bytes) -> None:
    assert Clock(BERLIN, NOV_24).at(stamp) is None


def test_a_wrong_date_does_not_spoil_the_next() -> None:
    clock = Clock(BERLIN, NOV_24)
    right = clock.at(b"2010-11-17 09:28:01")
    assert clock.at(b"2010-11-17 09:99:01") is None
    assert clock.at(b"2010-11-17 09:28:01") == right


def test_an_offset_is_not_taken_for_the_zone_of_the_next_line() -> None:
    clock = Clock(BERLIN, NOV_24)
    assert clock.at(b"2010-11-17 09:28:01 +0300") == utc("2010-11-17T06:28:01")
    assert clock.at(b"2010-11-17 09:28:02") == utc("2010-11-17T08:28:02")
    assert clock.at(b"2010-11-17 09:28:03 -0100") == utc("2010-11-17T10:28:03")


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%b %d %H:%M:%S"])
def test_the_repeated_hour_goes_forward(form: str) -> None:
    """25 October 2026, Berlin: 02:00 to 03:00 comes twice."""
    clock = Clock(BERLIN, NOV_24)
    begin = utc("2026-10-24T23:50:00")
    for minutes in range(0, 180, 7):
        at = begin + 60 * minutes
        local = datetime.fromtimestamp(at, BERLIN).strftime(form).encode()
        assert clock.at(local) == at


def test_lines_a_little_out_of_order_do_not_lose_an_hour() -> None:
    clock = Clock(BERLIN, NOV_24)
    first = clock.at(b"2026-10-25 02:31:00")
    assert first == utc("2026-10-25T00:31:00")
    assert clock.at(b"2026-10-25 02:30:59") == first - 1
    assert clock.at(b"2026-10-25 02:31:01") == first + 1


def test_the_hour_that_is_left_out_is_no_accident() -> None:
    assert Clock(BERLIN, NOV_24).at(b"2026-03-29 02:30:00") == utc("2026-03-29T01:30:00")


def test_new_year_without_years() -> None:
    clock = Clock(UTC, utc("2026-01-02T10:00:00"))
    assert clock.rfc3164(b"Dec 31 23:59:59") == utc("2025-12-31T23:59:59")
    assert clock.rfc3164(b"Jan  1 00:00:00") == utc("2026-01-01T00:00:00")
    assert clock.rfc3164(b"Dec 31 23:59:59") == utc("2025-12-31T23:59:59")  # out of order
    assert clock.rfc3164(b"Jan  1 00:00:01") == utc("2026-01-01T00:00:01")


def test_the_29th_of_february_is_in_the_leap_year() -> None:
    clock = Clock(UTC, utc("2025-01-10T00:00:00"))
    assert clock.rfc3164(b"Feb 29 10:00:00") == utc("2024-02-29T10:00:00")


def test_no_year_is_found_in_the_future() -> None:
    """A log of more than a year cannot be dated; what is left undated is no guess."""
    clock = Clock(UTC, utc("2026-03-01T00:00:00"))
    assert clock.rfc3164(b"Feb  1 10:00:00") == utc("2026-02-01T10:00:00")  # 2025, who knows
    assert clock.rfc3164(b"Dec  1 10:00:00") == utc("2025-12-01T10:00:00")
    assert clock.rfc3164(b"Mar 25 10:00:00") is None


@given(st.datetimes(datetime(1971, 1, 2), datetime(2037, 12, 30)), st.integers(-14 * 60, 14 * 60))
def test_every_moment_is_read_back(when: datetime, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    whole = when.replace(microsecond=0, tzinfo=zone)
    clock = Clock(zone, whole.timestamp())
    sign, ahead = "-" if minutes < 0 else "+", abs(minutes)
    told = f" {sign}{ahead // 60:02}{ahead % 60:02}"
    plain = whole.strftime("%Y-%m-%d %H:%M:%S")
    assert clock.iso(plain.encode()) == whole.timestamp()
    assert Clock(UTC, 0).iso((plain + told).encode()) == whole.timestamp()
    assert clock.rfc3164(whole.strftime("%b %e %H:%M:%S").encode()) == whole.timestamp()


@given(st.binary(max_size=40))
def test_nothing_is_raised(stamp: bytes) -> None:
    clock = Clock(UTC, NOV_24)
    for _ in range(2):
        clock.at(stamp)
        clock.iso(stamp)
        clock.rfc3164(stamp)
