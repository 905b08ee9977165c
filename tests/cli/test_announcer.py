"""The supervisor's own lines in the log: whatever becomes of them, it goes on."""

from __future__ import annotations

import os

from mxward.cli.service import Announcer


def test_a_full_disk_is_no_reason_to_end() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        Announcer(full).tell("worker-died", loud=True, worker=0)
    finally:
        os.close(full)


def test_nor_is_a_reader_that_is_gone() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        Announcer(theirs).tell("worker-died", loud=True, worker=0)
    finally:
        os.close(theirs)


def test_what_was_lost_is_told_when_there_is_room_again() -> None:
    ours, theirs = os.pipe()
    full = os.open("/dev/full", os.O_WRONLY)
    kept = os.dup(theirs)
    announcer = Announcer(theirs)
    os.dup2(full, theirs)
    announcer.tell("worker-died", worker=0)
    os.dup2(kept, theirs)
    announcer.tell("ready")
    told = os.read(ours, 10_000).decode()
    for descriptor in (ours, theirs, full, kept):
        os.close(descriptor)
    assert [line.split()[1] for line in told.splitlines()] == ["event=ready", "event=dropped"]
    assert "events=1" in told
