"""The socket at which a proxy tells how it stands."""

from __future__ import annotations

import os
import resource
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from mxward.metrics.telling import Silent, ask, listen, tell


def test_whoever_asks_is_told(tmp_path: Path) -> None:
    path = tmp_path / "status.sock"
    listener = listen(path)
    end = tell(listener, lambda: {"well": True})
    assert [ask(path) for _ in range(3)] == [{"well": True}] * 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    end()
    listener.close()


def test_another_takes_the_place(tmp_path: Path) -> None:
    path = tmp_path / "status.sock"
    first = listen(path)
    tell(first, lambda: {"number": 1})
    second = listen(path)
    tell(second, lambda: {"number": 2})
    assert ask(path) == {"number": 2}
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_socket_stays(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("precious")
    with pytest.raises(OSError, match="a file that is no socket"):
        listen(path)
    assert path.read_text() == "precious"
    link = tmp_path / "link.sock"
    link.symlink_to(path)
    with pytest.raises(OSError, match="a file that is no socket"):
        listen(link)


@contextmanager
def supervisor(path: Path) -> Iterator[tuple[int, int]]:
    """A process that listens and never answers, and one that it has forked; their pids."""
    ours, theirs = os.pipe()
    parent = os.fork()
    if not parent:
        with listen(path):
            child = os.fork()
            if child:
                os.write(theirs, str(child).encode())
            time.sleep(60)
        os._exit(0)
    child = int(os.read(ours, 20))
    try:
        yield parent, child
    finally:
        os.kill(child, signal.SIGKILL)
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(parent, signal.SIGKILL)
            os.waitpid(parent, 0)
        os.close(ours)
        os.close(theirs)


def test_nobody_takes_the_place_of_who_runs_even_if_it_hangs(tmp_path: Path) -> None:
    path = tmp_path / "status.sock"
    with supervisor(path) as (parent, _):
        with pytest.raises(OSError, match=rf"another process listens there \(pid {parent}\)"):
            listen(path)
        assert list(tmp_path.iterdir()) == [path]


def test_who_was_killed_gives_way_though_its_workers_linger(tmp_path: Path) -> None:
    path = tmp_path / "status.sock"
    with supervisor(path) as (parent, _):
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        tell(listen(path), lambda: {"number": 2})
        assert ask(path) == {"number": 2}


def test_without_descriptors_it_waits_for_better_times(tmp_path: Path) -> None:
    path = tmp_path / "status.sock"
    end = tell(listen(path), lambda: {"well": True})
    assert ask(path) == {"well": True}
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(20)
        with no_descriptors():
            asking.connect(str(path))
            used = time.process_time()
            time.sleep(0.6)
            assert time.process_time() - used < 0.3
        assert asking.recv(100) == b'{"well": true}'
    end()


@contextmanager
def no_descriptors() -> Iterator[None]:
    """All that this process may have are in use."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.dup(0)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 1, before[1]))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for each in taken:
            os.close(each)


def test_who_does_not_read_holds_up_the_next_for_seconds_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mxward.metrics.telling.PATIENCE", 0.3)
    path = tmp_path / "status.sock"
    tell(listen(path), lambda: {"much": "x" * 900_000})
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as idle:
        idle.connect(str(path))
        time.sleep(0.4)
        assert len(ask(path)["much"]) == 900_000


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "whoever answers is no mxward"),
        (b"220 mail.example ESMTP\r\n", "whoever answers is no mxward"),
        (b"[]", "whoever answers is no mxward"),
        (b"x" * (1 << 21), "too much is said"),
        (None, "no answer within"),
    ],
)
def test_what_answers_and_is_no_mxward(
    said: bytes | None, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mxward.metrics.telling.PATIENCE", 0.3)
    path = tmp_path / "status.sock"
    listener = listen(path)
    listener.setblocking(True)

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            if said is None:
                time.sleep(1)
            else:
                try:
                    client.sendall(said)
                except OSError:  # whoever asks has had enough
                    return

    serving = threading.Thread(target=serve)
    serving.start()
    with pytest.raises(Silent, match=why):
        ask(path)
    serving.join()
    listener.close()


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(Silent, match="No such file"):
        ask(tmp_path / "status.sock")
    listen(tmp_path / "status.sock").close()
    with pytest.raises(Silent, match="refused"):
        ask(tmp_path / "status.sock")
    with pytest.raises(Silent, match="too long"):
        ask(tmp_path / ("x" * 120))
