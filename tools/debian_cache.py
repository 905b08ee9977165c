"""Unpack the servers and clients that the tests run, from Debian's packages, into .cache/debian.

Nothing is installed and no maintainer script runs, so Postfix and Exim stand side by side and the
machine's own mail server is never touched. Each package comes with all it needs, down to what
dpkg and perl-base need themselves. Root is not required. Signatures and checksums are apt's work.

Supported: Debian 12 and later, Ubuntu 22.04 and later. Done once; a changed list does it again.

    python3 tools/debian_cache.py
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "debian"

# To add a package, add its name. Packages that exclude each other go into different groups.
GROUPS = (
    (
        "dovecot-core",
        "gsasl",
        "haproxy",
        "libio-socket-inet6-perl",
        "libio-socket-ssl-perl",
        "libnet-dns-perl",
        "libnet-ssleay-perl",
        "libnginx-mod-mail",
        "nftables",
        "nginx",
        "nsd",
        "postfix",
        "postfix-lmdb",
        "postfix-pcre",
        "swaks",
        "systemd",
        "unbound",
    ),
    ("exim4-base", "exim4-daemon-heavy"),
)
# Programs that are linked statically: what their packages ask for is not needed.
ALONE = ("prometheus",)
# Every Debian-like machine has these and what they depend on; the C library must be its own.
BASE = ("dpkg", "perl-base")


def why_not() -> str | None:
    """What keeps this machine from having the cache, or None where it stands complete."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return "this is no Debian-like machine (no apt-get and dpkg)"
    try:
        complete = (CACHE / "complete").read_text() == _fingerprint()
    except OSError:
        complete = False
    return None if complete else "Debian's packages are not unpacked: run tools/debian_cache.py"


def fill() -> None:
    """Download and unpack everything; the cache appears whole or not at all.

    Raises subprocess.CalledProcessError with the program's words in `stderr`.
    """
    with tempfile.TemporaryDirectory(dir=CACHE.parent, prefix="debian-") as name:
        work = Path(name)
        downloads = _download(work)
        tree = work / "tree"
        tree.mkdir()
        for package in downloads:
            _run("dpkg", "-x", str(package), str(tree))
        # A set-user-id program would ignore LD_LIBRARY_PATH, and has no business in a checkout.
        for path in tree.rglob("*"):
            if not path.is_symlink() and path.stat().st_mode & 0o6000:
                path.chmod(path.stat().st_mode & 0o1777)
        tree.chmod(0o755)
        (tree / "complete").write_text(_fingerprint())
        if CACHE.exists():
            CACHE.rename(work / "old")
        tree.rename(CACHE)


def _fingerprint() -> str:
    release = platform.freedesktop_os_release()
    machine = (release["ID"], release.get("VERSION_ID", ""), platform.machine())
    return "\n".join(" ".join(line) for line in (machine, BASE, ALONE, *GROUPS)) + "\n"


def _download(work: Path) -> list[Path]:
    """The packages, by the machine's own package lists, or by fresh ones where those are stale."""
    (work / "status").touch()  # nothing is installed: so every dependency is named
    (work / "lists" / "partial").mkdir(parents=True)
    (work / "packages").mkdir()
    apt = ["apt-get", "-qq", "-o", f"Dir::State::status={work}/status", "-o", f"Dir::Cache={work}"]
    apt += ["-o", "APT::Sandbox::User=", "-o", "APT::Install-Recommends=false"]
    try:
        _download_with(apt, work / "packages")
    except subprocess.CalledProcessError:
        apt += ["-o", f"Dir::State::lists={work}/lists"]
        _run(*apt, "-o", "APT::Update::Error-Mode=any", "update")
        _download_with(apt, work / "packages")
    return sorted((work / "packages").glob("*.deb"))


def _download_with(apt: list[str], directory: Path) -> None:
    base = _closure(apt, BASE)
    names = sorted(set(ALONE).union(*(_closure(apt, group) for group in GROUPS)) - base)
    sys.stderr.write(f"debian_cache: downloading {len(names)} packages\n")
    _run(*apt, "download", *names, cwd=directory)


def _closure(apt: Iterable[str], packages: Iterable[str]) -> set[str]:
    plan = _run(*apt, "--simulate", "install", *packages)
    return {line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")}


def _run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        check=True,
        text=True,
        capture_output=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    return done.stdout


def main() -> int:
    """0 when the cache is complete; otherwise 1 and one line that says why."""
    if why_not() is None:
        return 0
    CACHE.parent.mkdir(exist_ok=True)
    try:
        with (CACHE.parent / "debian.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if shutil.which("dpkg") and why_not():
                fill()
        reason = why_not()
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip().splitlines() or ["(said nothing)"]
        reason = f"{' '.join(error.cmd[:1])} failed: {said[-1]}"
    if reason:
        sys.stderr.write(f"debian_cache: {reason}\n")
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())
