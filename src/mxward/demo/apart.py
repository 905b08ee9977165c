"""Plays a scene in a process and a network of its own, where it is root and nobody else is.

What there is to read comes back line by line, as JSON. The process ends when its input does.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict

from mxward.demo import unchanged
from mxward.demo.play import Play, Row
from mxward.demo.process import DemoError, environment
from mxward.demo.tape import Kind, Line

__all__ = ["played_apart"]

_PROGRAMS = {"unshare": "util-linux", "nsenter": "util-linux", "ip": "iproute2", "nft": "nftables"}
_SBIN = "/usr/sbin:/sbin"  # not in everybody's PATH


async def played_apart(play: Play) -> None:
    """Play the scene of two machines; where that cannot be, say why, and go on."""
    own, why_not = _own_network()
    if why_not:
        _left_out(play, why_not)
        return
    process = await asyncio.create_subprocess_exec(
        *(*own, sys.executable, "-m", "mxward.demo.apart"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(play.world.folder) | {"PATH": _path()},
        start_new_session=True,
    )
    try:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        async for line in process.stdout:
            _hear(play, json.loads(line))
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()
    if process.returncode:
        raise DemoError(f"the two machines ended with {process.returncode}")


def _own_network() -> tuple[tuple[str, ...], str]:
    """What stands before a command that is to have a network of its own, or why there is none."""
    for program, package in _PROGRAMS.items():
        if shutil.which(program, path=_path()) is None:
            return (), f"{program} is missing (package {package})"
    for own in (("unshare", "--net"), ("unshare", "--user", "--map-root-user", "--net")):
        if subprocess.run([*own, "true"], capture_output=True, check=False).returncode == 0:
            return own, ""
    return (), "this machine lets no network namespace be made"


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:{_SBIN}"


def _left_out(play: Play, why: str) -> None:
    play.write(Line(Kind.NOTE, f"left out here: {why}"))
    play.left_out.append(f"Scene {play.scene} was left out: {why}.")


def _hear(play: Play, said: dict[str, str]) -> None:
    if "kind" in said:
        play.write(Line(Kind(said["kind"]), said["text"], int(said["depth"])))
    elif "left_out" in said:
        _left_out(play, said["left_out"])
    else:
        play.rows.append(Row(play.scene, said["what"], said["expected"], said["seen"]))


# -- in the process that plays ----------------------------------------------------------------


def _say(said: object) -> None:
    sys.stdout.write(f"{json.dumps(said)}\n")
    sys.stdout.flush()


def _write(line: Line) -> None:
    _say(asdict(line) | {"kind": line.kind.value})


async def _play() -> None:
    async with unchanged.two_machines(_write) as world:
        why = _trial(world)
        if why:
            _say({"left_out": why})
            return
        play = Play(world, _write)
        try:
            await unchanged.play(play)
        except (DemoError, OSError) as error:
            play.stopped(error)
        for row in play.rows:
            _say({"what": row.what, "expected": row.expected, "seen": row.seen})


def _trial(world: unchanged.TwoMachines) -> str:
    """Whether this kernel takes the rules: why not, where it does not."""
    world.mxward.config.write_text(world.configuration("observe"), "utf-8")
    try:
        world.intercept("up")
        world.intercept("down")
    except DemoError as error:
        return str(error).rpartition("mxward: ")[2]
    return ""


def _main() -> None:
    async def main() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def heard() -> None:
            if not os.read(0, 1024) and task is not None:
                loop.remove_reader(0)
                task.cancel()

        loop.add_reader(0, heard)
        await _play()

    with suppress(asyncio.CancelledError):
        asyncio.run(main())


if __name__ == "__main__":
    _main()
