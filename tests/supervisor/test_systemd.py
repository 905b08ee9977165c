"""What systemd gives a service, and is told by it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mxward.supervisor.systemd import Notices, given_sockets

RECEIVER = """\
import os, sys
from mxward.supervisor.systemd import given_sockets
os.dup2(int(os.environ["FD"]), 3)
os.environ["LISTEN_PID"] = sys.argv[1] or str(os.getpid())
try:
    print([s.getsockname()[1] for s in given_sockets(os.environ, os.getpid())])
except ValueError as why:
    print(why)
print(sorted(name for name in os.environ if name.startswith("LISTEN_")))
"""


def receive(given: socket.socket, pid: str = "", count: str = "1") -> list[str]:
    """What a program makes of a descriptor that it is given as the third."""
    told = {"LISTEN_FDS": count, "LISTEN_FDNAMES": "x", "FD": str(given.fileno())}
    done = subprocess.run(
        [sys.executable, "-c", RECEIVER, pid],
        pass_fds=(given.fileno(),),
        env=os.environ | {"PYTHONPATH": "src"} | told,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_listening_sockets_are_taken_and_not_handed_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert receive(listener) == [f"[{listener.getsockname()[1]}]", "[]"]


def test_what_is_meant_for_another_process_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert receive(listener, pid="1") == ["[]", "[]"]
        assert receive(listener, count="many") == ["[]", "[]"]
    assert given_sockets({}, 1) == []


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_what_is_no_listening_tcp_socket_is_refused(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as wrong:
        why = "no TCP socket" if kind is socket.SOCK_DGRAM else "a socket that does not listen"
        assert receive(wrong)[0] == f"descriptor 3: {why}"


def test_what_it_is_told(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        notices = Notices({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "3000000"}, os.getpid())
        assert notices.watchdog == 3.0
        notices.ready("2 workers")
        notices.reloading()
        notices.alive()
        notices.stopping()
        told = [manager.recv(4096).decode() for _ in range(4)]
    assert told[0] == f"READY=1\nSTATUS=2 workers\nMAINPID={os.getpid()}"
    assert told[1].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert told[2:] == ["WATCHDOG=1", "STOPPING=1"]
    notices.alive()  # nobody is there any more, and that is no reason to stop


def test_without_a_manager_nothing_is_told() -> None:
    notices = Notices({}, 1)
    notices.ready("fine")
    assert notices.watchdog is None
    assert Notices({"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "7"}, 1).watchdog is None
