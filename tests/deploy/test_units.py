"""The systemd units: understood by systemd, and shut up as tightly as was promised."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools import debian_cache

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVICES = ("mxward.service", "mxward-intercept.service", "mxward-policyd.service")
UNITS = (*SERVICES, "mxward.socket")
DROP_IN = Path("mxward.service.d", "transparent.conf")
EXPOSURE = 30
"""Tenths, so 3.0: of 10, which is a service with no restriction at all."""

pytestmark = pytest.mark.real


@pytest.fixture(params=["plain", "transparent"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The units as they would be installed, with a program that exists."""
    for name in UNITS:
        text = (DEPLOY / name).read_text()
        (tmp_path / name).write_text(text.replace("/opt/mxward/bin/mxward", "/bin/true"))
    if request.param == "transparent":
        (tmp_path / DROP_IN).parent.mkdir()
        shutil.copy(DEPLOY / DROP_IN, tmp_path / DROP_IN)
    return tmp_path


def systemd(program: str, *arguments: str, units: Path) -> subprocess.CompletedProcess[str]:
    """One of systemd's own programs, which sees these units and those that come with systemd."""
    cache = debian_cache.CACHE
    libraries = [*cache.glob("usr/lib/*/systemd"), *cache.glob("usr/lib/*"), *cache.glob("lib/*")]
    environment = {
        **os.environ,
        "LC_ALL": "C.UTF-8",
        "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
        "SYSTEMD_UNIT_PATH": f"{units}:{cache}/lib/systemd/system",
    }
    path = next(
        path for folder in ("bin", "usr/bin") if (path := cache / folder / program).exists()
    )
    return subprocess.run(
        [path, *arguments],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_nothing_wrong(folder: Path, unit: str) -> None:
    done = systemd("systemd-analyze", "verify", "--man=no", str(folder / unit), units=folder)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_would_find_it(folder: Path) -> None:
    unit = folder / "mxward.service"
    unit.write_text(unit.read_text().replace("ProtectHome=", "ProtectHoem="))
    done = systemd("systemd-analyze", "verify", "--man=no", str(unit), units=folder)
    assert "ProtectHoem" in done.stdout


@pytest.mark.parametrize("unit", SERVICES)
def test_they_are_sandboxed(folder: Path, unit: str) -> None:
    options = ("--offline=true", f"--threshold={EXPOSURE}", "--no-pager")
    done = systemd("systemd-analyze", "security", *options, str(folder / unit), units=folder)
    assert done.returncode == 0, done.stdout


def test_no_more_capabilities_than_were_promised() -> None:
    for path in (*(DEPLOY / name for name in SERVICES), DEPLOY / DROP_IN):
        for kind in ("AmbientCapabilities", "CapabilityBoundingSet"):
            found = re.findall(rf"^{kind}=(.*)$", path.read_text(), re.MULTILINE)
            assert found == [_CAPABILITIES[path.name]], path


_CAPABILITIES = {
    "mxward.service": "CAP_NET_BIND_SERVICE",
    "transparent.conf": "CAP_NET_RAW",
    "mxward-intercept.service": "CAP_NET_ADMIN",
    "mxward-policyd.service": "",
}


def test_its_user_and_its_directories(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    root_ = f"--root={root}"
    users = systemd("systemd-sysusers", root_, str(DEPLOY / "sysusers.conf"), units=tmp_path)
    assert users.returncode == 0, users.stdout
    assert re.search(
        r"^mxward:x:\d+:\d+:[^:]*:/var/lib/mxward:/usr/sbin/nologin$",
        (root / "etc/passwd").read_text(),
        re.MULTILINE,
    )
    made = systemd(
        "systemd-tmpfiles", root_, "--create", str(DEPLOY / "tmpfiles.conf"), units=tmp_path
    )
    assert made.returncode == 0, made.stdout
    modes = {name: oct((root / name).stat().st_mode & 0o777) for name in _DIRECTORIES}
    assert modes == _DIRECTORIES


_DIRECTORIES = {"etc/mxward": "0o755", "var/lib/mxward": "0o750", "run/mxward": "0o755"}
