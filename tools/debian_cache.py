"""Unpack the servers and clients that the tests run, from Debian's packages, into .cache/debian.

Nothing is installed and no maintainer script runs, so Postfix and Exim stand side by side and the
machine's own mail server is never touched. Each package comes with all it needs, down to what
dpkg and perl-base need themselves. Root is not required. Signatures and checksums are apt's work.

Supported: Debian 12 and later, Ubuntu 22.04 and later. Done once; a changed list does it again.

    python3 tools/debian_cache.py         the servers and clients, into .cache/debian
    python3 tools/debian_cache.py java    Java for the Spark cluster, into .cache/debian-java
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
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "debian"

# To add a package, add its name. Packages that exclude each other go into different groups.
GROUPS = (
    (
        "bind9",
        "bind9-dnsutils",
        "bind9-utils",
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
        "patch",
        "pflogsumm",
        "postfix",
        "postfix-cdb",
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
# Java for Spark; the first of them that a release has.
JAVAS = ("openjdk-17-jre-headless", "openjdk-21-jre-headless")
# Every Debian-like machine has these and what they depend on; the C library must be its own.
BASE = ("dpkg", "perl-base")


@dataclass(frozen=True)
class Cache:
    """A directory of unpacked packages: all of `groups`, and the first of `either`."""

    place: Path
    groups: tuple[tuple[str, ...], ...] = ()
    alone: tuple[str, ...] = ()
    either: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        release = platform.freedesktop_os_release()
        machine = (release["ID"], release.get("VERSION_ID", ""), platform.machine())
        lines = (machine, BASE, self.alone, *self.groups, *([self.either] if self.either else []))
        return "\n".join(" ".join(line) for line in lines) + "\n"


SERVERS = Cache(CACHE, groups=GROUPS, alone=ALONE)
JAVA = Cache(CACHE.with_name("debian-java"), either=JAVAS)
CACHES = {"": SERVERS, "java": JAVA}


def why_not(cache: Cache = SERVERS) -> str | None:
    """What keeps this machine from having the cache, or None where it stands complete."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return "this is no Debian-like machine (no apt-get and dpkg)"
    try:
        complete = (cache.place / "complete").read_text() == cache.fingerprint()
    except OSError:
        complete = False
    which = next((name for name, each in CACHES.items() if each is cache), "")
    mend = f"run tools/debian_cache.py {which}".rstrip()
    return None if complete else f"Debian's packages are not unpacked: {mend}"


def fill(cache: Cache) -> None:
    """Download and unpack everything; the cache appears whole or not at all.

    Raises subprocess.CalledProcessError with the program's words in `stderr`.
    """
    with tempfile.TemporaryDirectory(dir=CACHE.parent, prefix="debian-") as name:
        work = Path(name)
        downloads = _download(work, cache)
        tree = work / "tree"
        tree.mkdir()
        for package in downloads:
            _run("dpkg", "-x", str(package), str(tree))
        # A set-user-id program would ignore LD_LIBRARY_PATH, and has no business in a checkout.
        for path in tree.rglob("*"):
            if not path.is_symlink() and path.stat().st_mode & 0o6000:
                path.chmod(path.stat().st_mode & 0o1777)
        _keep_inside(tree)
        tree.chmod(0o755)
        (tree / "complete").write_text(cache.fingerprint())
        if cache.place.exists():
            cache.place.rename(work / "old")
        tree.rename(cache.place)


def _keep_inside(tree: Path) -> None:
    """Java's links to /etc lead to the tree's own."""
    for path in (tree / "usr/lib/jvm").rglob("*"):
        if path.is_symlink() and path.readlink().is_absolute():
            inside = tree / path.readlink().relative_to("/")
            path.unlink()
            path.symlink_to(os.path.relpath(inside, path.parent))


def _download(work: Path, cache: Cache) -> list[Path]:
    """The packages, by the machine's own package lists, or by fresh ones where those are stale."""
    (work / "status").touch()  # nothing is installed: so every dependency is named
    (work / "lists" / "partial").mkdir(parents=True)
    (work / "packages").mkdir()
    apt = ["apt-get", "-qq", "-o", f"Dir::State::status={work}/status", "-o", f"Dir::Cache={work}"]
    apt += ["-o", "APT::Sandbox::User=", "-o", "APT::Install-Recommends=false"]
    try:
        _download_with(apt, work / "packages", cache)
    except subprocess.CalledProcessError:
        apt += ["-o", f"Dir::State::lists={work}/lists"]
        _run(*apt, "-o", "APT::Update::Error-Mode=any", "update")
        _download_with(apt, work / "packages", cache)
    return sorted((work / "packages").glob("*.deb"))


def _download_with(apt: list[str], directory: Path, cache: Cache) -> None:
    base = _closure(apt, BASE)
    groups = [_closure(apt, group) for group in cache.groups]
    if cache.either:
        groups.append(_closure_of_first(apt, cache.either))
    names = sorted(set(cache.alone).union(*groups) - base)
    sys.stderr.write(f"debian_cache: downloading {len(names)} packages\n")
    _run(*apt, "download", *names, cwd=directory)


def _closure(apt: Iterable[str], packages: Iterable[str]) -> set[str]:
    plan = _run(*apt, "--simulate", "install", *packages)
    return {line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")}


def _closure_of_first(apt: Iterable[str], packages: tuple[str, ...]) -> set[str]:
    *others, last = packages
    for package in others:
        try:
            return _closure(apt, [package])
        except subprocess.CalledProcessError:
            continue
    return _closure(apt, [last])


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


def ensure(cache: Cache) -> str | None:
    """Fill the cache where it is not complete; what keeps it from being, or None."""
    if why_not(cache) is None:
        return None
    CACHE.parent.mkdir(exist_ok=True)
    try:
        with (CACHE.parent / "debian.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if shutil.which("dpkg") and why_not(cache):
                fill(cache)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip().splitlines() or ["(said nothing)"]
        return f"{' '.join(error.cmd[:1])} failed: {said[-1]}"
    return why_not(cache)


def main() -> int:
    """0 when the cache is complete; otherwise 1 and one line that says why."""
    reason = ensure(CACHES.get("".join(sys.argv[1:2]), SERVERS))
    if reason:
        sys.stderr.write(f"debian_cache: {reason}\n")
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())
