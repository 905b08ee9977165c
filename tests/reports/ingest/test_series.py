"""Rotated logs go on where the older one ends."""

from __future__ import annotations

from itertools import pairwise

import pytest

from mxward.reports.ingest.series import following


@pytest.mark.parametrize(
    "oldest_first",
    [
        "mainlog.10.gz mainlog.9.gz mainlog.1 mainlog",
        "/var/log/mail.log.2.xz /var/log/mail.log.1 /var/log/mail.log",
        "mail.log-20251231.gz mail.log-20260101 mail.log",
        "maillog-2025-12-31_2359.zst maillog-2026-01-01_0000.zst maillog",
        "log.1 log",
        "a/mainlog.1 a/mainlog",
    ],
)
def test_the_next_one_is_newer(oldest_first: str) -> None:
    logs = oldest_first.split()
    expected = dict(pairwise(logs))
    assert following(logs) == following(reversed(logs)) == expected


@pytest.mark.parametrize(
    "apart",
    [
        "mainlog",
        "mainlog rejectlog",
        "a/mainlog.1 b/mainlog",
        "mainlog.1 mainlog.1.gz",  # one of them is a copy
        "- mainlog",
        "mx1.log mx2.log",
    ],
)
def test_others_have_nothing_to_do_with_each_other(apart: str) -> None:
    assert following(apart.split()) == {}
