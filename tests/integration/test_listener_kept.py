"""A reload that would use a listener for other connections than it was opened for."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.integration.mxward import Mxward

pytestmark = pytest.mark.real

BEFORE = """\
[server]
hostname = "mx.provider.example"
listen = ["0.0.0.0:2525"]
upstream = "127.0.0.1:10025"

[tls]
hide_starttls = true

[inventory]
files = ["localdomains"]

[store]
path = "store.db"
"""
INTERCEPT = """
[intercept]
layout = "gateway"
interfaces = ["wan"]
servers = ["203.0.113.25"]
"""


def wait_until_told(mxward: Mxward, event: str) -> str:
    """The first line about it in the log."""
    deadline = time.monotonic() + 20
    while True:
        told = [line for line in mxward.log.splitlines() if f" event={event}" in line]
        if told:
            return told[0]
        assert time.monotonic() < deadline, f"{event} is not told\n{mxward.log}"
        time.sleep(0.05)


def test_it_is_refused_and_all_stays(tmp_path: Path) -> None:
    (tmp_path / "localdomains").write_text("it.example\n")
    with Mxward(tmp_path, "127.0.0.1", BEFORE, port=2525) as mxward:
        wait_until_told(mxward, "ready")  # the kernel lets clients in before there is a worker
        before = mxward.workers
        assert len(before) == 1
        after = BEFORE.replace('listen = ["0.0.0.0:2525"]\nupstream = "127.0.0.1:10025"\n', "")
        mxward.configuration = after + INTERCEPT
        mxward.write()
        mxward.signal(signal.SIGHUP)
        line = wait_until_told(mxward, "reload")
        assert "event=reload-refused" in line
        assert "server.listen: 0.0.0.0:2525: it was opened for other connections" in line
        assert mxward.workers == before
