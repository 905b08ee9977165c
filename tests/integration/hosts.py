"""Hosts with networks of their own, and wires between them: what routers and firewalls do is done
by the real kernel, and nothing of it is seen outside.

A host is a network namespace that ends with its process, and that with the test.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

from tools import debian_cache

_CLONE_NEWNET = 0x40000000
_NFT = """#!/bin/sh
LD_LIBRARY_PATH=$(echo {cache}/usr/lib/*-linux-gnu* {cache}/lib/*-linux-gnu* | tr ' ' :)
export LD_LIBRARY_PATH
exec {cache}/usr/sbin/nft "$@"
"""


class Host:
    """A host; what is done `with` it is done in its network, by this thread."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sh", "-c", "echo && cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == b"\n"
        self._outside: list[int] = []
        self.ip("link set lo up")

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Host:
        self._outside.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
        enter(self.pid)
        return self

    def __exit__(self, *_: object) -> None:
        outside = self._outside.pop()
        _setns(outside)
        os.close(outside)

    def run(self, *words: str, given: str = "") -> str:
        """What a program prints that runs there."""
        with self:
            done = subprocess.run(words, input=given, capture_output=True, text=True)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def ip(self, words: str) -> str:
        return self.run("ip", *words.split())

    def sysctl(self, name: str, value: object) -> None:
        with self:
            Path("/proc/sys", *name.split(".")).write_text(str(value))

    def owns(self, device: str, *addresses: str) -> None:
        """An interface that is up, with addresses."""
        for address in addresses:
            self.ip(f"address add {address} dev {device}" + " nodad" * (":" in address))
        self.ip(f"link set {device} up")


def enter(pid: int) -> None:
    """Take this thread into the network of a host."""
    namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    _setns(namespace)
    os.close(namespace)


def wire(one: Host, name: str, other: Host, others_name: str) -> None:
    """A wire between interfaces of two hosts."""
    here, there = f"{name} netns {one.pid}", f"{others_name} netns {other.pid}"
    subprocess.run(f"ip link add {here} type veth peer name {there}".split(), check=True)


def nft(folder: Path) -> Path:
    """A folder for PATH, with the cache's nft in it."""
    program = folder / "bin" / "nft"
    program.parent.mkdir(exist_ok=True)
    program.write_text(_NFT.format(cache=debian_cache.CACHE))
    program.chmod(0o755)
    return program.parent


def _setns(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns failed")
