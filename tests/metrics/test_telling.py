"""The socket at which a proxy tells how it stands."""

from __future__ import annotations

import socket
import stat
import threading
import time
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
