"""nft, ip and ss, run without a shell; what they refuse becomes one line with the mend."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

__all__ = ["KernelError", "NotThere", "ask", "nft", "run"]

_SBIN = "/usr/sbin:/sbin"  # not in everybody's PATH
_PATIENCE = 30.0  # seconds; a set of 100,000 networks takes 3
_PACKAGES = {"nft": "nftables", "ip": "iproute2", "ss": "iproute2"}
_NOT_THERE = ("no such process", "table does not exist", "no such file or directory")
# What a kernel may lack, by the statement that it refuses, in the order of the rules.
_MODULES = {
    "tproxy": 'nft_tproxy, or write intercept.method = "redirect"',
    "redirect": "nft_redir",
    "socket transparent": "nft_socket",
    "fib": "nft_fib_inet",
    "reject": "nft_reject_inet",
    "ct ": "nf_conntrack",
}


class KernelError(Exception):
    """The kernel, or a program that speaks to it, did not do what it was told; one line."""


class NotThere(KernelError):
    """What was to be read or removed does not exist."""


def nft(rules: str) -> None:
    """Load rules in one transaction: all, or nothing. Raises KernelError."""
    run("nft", "-f", "-", given=rules)


def ask(*command: str) -> Any:
    """What a program answers in JSON. Raises KernelError, NotThere."""
    try:
        return json.loads(run(*command) or "[]")
    except ValueError:
        raise KernelError(f"{command[0]} did not answer in JSON; a newer one is needed") from None


def run(*command: str, given: str = "") -> str:
    """What a program prints. Raises KernelError, NotThere."""
    program = shutil.which(command[0], path=f"{os.environ.get('PATH', '')}:{_SBIN}")
    if program is None:
        package = _PACKAGES.get(command[0], command[0])
        raise KernelError(f"{command[0]} is missing; install {package}")
    try:
        done = subprocess.run(
            [program, *command[1:]],
            input=given,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            env={**os.environ, "LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired:
        raise KernelError(f"{command[0]} did not end within {_PATIENCE:g} seconds") from None
    except OSError as error:
        raise KernelError(f"{program} cannot be run: {error.strerror}") from None
    if done.returncode:
        raise _refusal(command, done.stderr or done.stdout)
    return done.stdout


def _refusal(command: Sequence[str], said: str) -> KernelError:
    """What to say of a program that failed."""
    lower = said.lower()
    if "not permitted" in lower or "must be root" in lower or "permission denied" in lower:
        return KernelError(f"{command[0]}: not permitted; run it as root, or with CAP_NET_ADMIN")
    if command[:2] == ("nft", "-f"):
        for statement, module in _MODULES.items():
            if "could not process rule" in lower and statement in lower:
                return KernelError(
                    f"this kernel has no {statement.split()[0]} for nftables; load {module}"
                )
    first = next((line.strip() for line in said.splitlines() if line.strip()), "said nothing")
    failed = f"{' '.join(command)} failed: {first}"
    return NotThere(failed) if any(word in lower for word in _NOT_THERE) else KernelError(failed)
