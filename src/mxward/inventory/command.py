"""A list of domains that a command writes: an SQL client, `postmap -s`, a script."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence

from mxward.inventory.files import LARGEST, Failed

__all__ = ["run"]

_STDERR_KEPT = 10_000  # octets


def run(command: Sequence[str], seconds: float = 60.0) -> str:
    """The output of a command, run without a shell. Raises Failed."""
    name = command[0]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that what it starts can be ended with it
        )
    except (OSError, ValueError) as error:
        raise Failed(f"{name}: cannot be run: {getattr(error, 'strerror', error)}") from None
    with process:
        try:
            output, errors = _gather(process, time.monotonic() + seconds)
        except Failed as failure:
            raise Failed(f"{name}: {failure}") from None
        except TimeoutError:
            raise Failed(f"{name}: not done after {seconds:g} s") from None
        finally:
            if process.returncode is None:  # not waited for, so its number is still its own
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        why = errors.decode(errors="replace").strip().partition("\n")[0]
        raise Failed(f"{name}: exit code {process.returncode}{f': {why}' if why else ''}")
    return output.decode("utf-8-sig", errors="replace")


def _gather(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bytes]:
    """All output, and how the errors begin. Raises TimeoutError, Failed where it is too much."""
    output, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as pipes:
        for pipe, kept in ((process.stdout, output), (process.stderr, errors)):
            if pipe:
                pipes.register(pipe, selectors.EVENT_READ, kept)
        while pipes.get_map():
            for ready, _ in pipes.select(_left(deadline)):
                octets = os.read(ready.fd, 65_536)
                ready.data.extend(octets)
                if not octets:
                    pipes.unregister(ready.fileobj)
            del errors[_STDERR_KEPT:]
            if len(output) > LARGEST:
                raise Failed(f"more than {LARGEST // 2**20} MiB of output")
    try:
        process.wait(_left(deadline))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return bytes(output), bytes(errors)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
