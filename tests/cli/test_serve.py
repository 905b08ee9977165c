"""`mxward serve` refuses to start on a wrong configuration: one clear line each, exit code 78."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

_GOOD = """\
[server]
listen = ["127.0.0.1:{port}"]
upstream = "127.0.0.1:10025"
identity = "proxy-v2"
addresses = ["192.0.2.25"]
[inventory]
files = ["domains"]
[store]
path = "store.db"
"""


def serve(folder: Path, text: str) -> tuple[int, list[str]]:
    """Exit code and standard error of `mxward serve` with this configuration."""
    (folder / "mxward.toml").write_text(text)
    command = [sys.executable, "-m", "mxward", "serve", "--config", "mxward.toml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr.splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "domains").write_text("it.co.za\n")
    return tmp_path


def test_a_port_in_use(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, lines = serve(folder, _GOOD.format(port=port))
    assert (code, lines) == (
        78,
        [
            f"mxward: mxward.toml:2: server.listen: 127.0.0.1:{port}: "
            "somebody listens there already; stop that server, or write another port"
        ],
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[server]", "[server", "mxward.toml:1: "),
        ("upstream", "upstraem", "mxward.toml:3: server.upstraem: unknown key; write upstream"),
        (
            "127.0.0.1:{port}",
            "192.0.2.254:25",
            "mxward.toml:2: server.listen: 192.0.2.254:25: no address of this machine",
        ),
        ("127.0.0.1:{port}", "nowhere:25", 'mxward.toml:2: server.listen: "nowhere:25" is a name'),
        ("127.0.0.1:10025", "127.0.0.1:{port}", "mxward.toml:3: server.upstream: "),
        ("127.0.0.1:10025", "localhost:{port}", "mxward.toml:3: server.upstream: "),
        ("127.0.0.1:10025", "nowhere.invalid:25", "mxward.toml:3: server.upstream: "),
        ('["domains"]', '["vanished"]', "mxward.toml:6: inventory: "),
        ('[inventory]\nfiles = ["domains"]', '[policy]\nstage = "reroute"', "mxward.toml:7: "),
        ('upstream = "127.0.0.1:10025"\n', "", "mxward.toml:1: server.upstream: missing"),
    ],
)
def test_a_mistake(folder: Path, old: str, new: str, said: str) -> None:
    assert old in _GOOD
    code, lines = serve(folder, _GOOD.replace(old, new).format(port=25999))
    assert code == 78
    assert any(line.startswith(f"mxward: {said}") for line in lines), lines
    assert "Traceback" not in "\n".join(lines)


def test_a_configuration_that_is_not_there(folder: Path) -> None:
    command = [sys.executable, "-m", "mxward", "serve", "--config", "not-there.toml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 78
    assert done.stderr.startswith("mxward: not-there.toml: no such file")


def test_wrong_usage(folder: Path) -> None:
    command = [sys.executable, "-m", "mxward", "serve", "--confg", "x"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
