"""mxward is killed, in part or whole, reloaded, and loses what it asks, all at random under load.

Nothing accepted is lost, nothing refused is kept, and no client that retries stays without
delivery.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.integration.retrying import Load, judge, under_load
from tests.integration.servers import Exim, MailServer, Postfix
from tests.integration.world import World, world

pytestmark = [pytest.mark.real, pytest.mark.timeout(1500)]

WORKERS = 2


def kill(stand: World, rng: random.Random) -> None:
    stand.mxward.kill()
    stand.mxward.start()


def kill_a_worker(stand: World, rng: random.Random) -> None:
    workers = stand.mxward.workers
    if workers:
        os.kill(rng.choice(workers), signal.SIGKILL)


def kill_the_supervisor(stand: World, rng: random.Random) -> None:
    """Its workers let go of the address at once, and of their clients when these are done."""
    stand.mxward.kill_supervisor()
    stand.mxward.start()


def reload(stand: World, rng: random.Random) -> None:
    stand.mxward.signal(signal.SIGHUP)
    time.sleep(rng.uniform(0.0, 1.0))


def upgrade(stand: World, rng: random.Random) -> None:
    stand.mxward.signal(signal.SIGUSR2)
    time.sleep(rng.uniform(0.5, 2.0))


def replace_the_certificate(stand: World, rng: random.Random) -> None:
    certify(stand)
    if rng.random() < 0.5:
        stand.mxward.signal(signal.SIGHUP)


def rewrite_the_inventory(stand: World, rng: random.Random) -> None:
    """As an editor does, or slowly in place, with one domain more or less."""
    file = stand.mxward.directory / "localdomains"
    lines = [*file.read_text().split(), f"d{rng.getrandbits(32)}.example"][-12:]
    whole = "\n".join(dict.fromkeys(["it.co.za", *lines])) + "\n"
    if rng.random() < 0.5:
        draft = file.with_suffix(".new")
        draft.write_text(whole)
        draft.rename(file)
    else:
        with file.open("w") as slowly:
            slowly.write(whole[:20])
            slowly.flush()
            time.sleep(0.1)
            slowly.write(whole[20:])


def stop_the_resolver(stand: World, rng: random.Random) -> None:
    stand.unbound.stop()
    time.sleep(rng.uniform(0.0, 0.5))
    stand.unbound.start()


def certify(stand: World) -> None:
    Authority().issue("mail.provider.example").write(stand.mxward.directory, "mx")


def begin(stand: World, stage: str, workers: int) -> None:
    """Start it anew, with so many workers and a certificate."""
    stand.mxward.kill()
    certify(stand)
    stand.stage(stage)
    stand.mxward.kill()
    text = stand.mxward.configuration.replace("[server]\n", f"[server]\nworkers = {workers}\n", 1)
    tls = '[tls]\ncertificates = [{ chain = "mx.pem", key = "mx.key" }]\n'
    stand.mxward.configuration = f"{text}\n{tls}"
    stand.mxward.start()


@pytest.mark.parametrize(
    ("kind", "stage", "disturb", "times", "shown"),
    [
        (Postfix, "observe", kill, 100, "event=ready"),
        (Exim, "observe", kill, 100, "event=ready"),
        (Postfix, "reroute", kill, 50, "event=ready"),
        (Postfix, "observe", kill_a_worker, 100, "event=worker-died"),
        (Postfix, "reroute", kill_a_worker, 50, "event=worker-died"),
        (Postfix, "observe", kill_the_supervisor, 50, "event=ready"),
        (Postfix, "observe", reload, 60, "event=reload "),
        (Postfix, "reroute", reload, 60, "event=reload "),
        (Postfix, "observe", upgrade, 30, "event=upgrade"),
        (Postfix, "observe", replace_the_certificate, 60, "event=reload "),
        (Postfix, "reroute", rewrite_the_inventory, 60, "domains="),
        (Postfix, "reroute", stop_the_resolver, 40, "event=ready"),
    ],
)
def test_nothing_is_lost_and_nothing_refused_is_kept(
    tmp_path: Path,
    kind: type[MailServer],
    stage: str,
    disturb: Callable[[World, random.Random], None],
    times: int,
    shown: str,
    count: Callable[[int, int], int],
) -> None:
    rng = random.Random(2010)
    load = Load(rerouted=stage == "reroute")
    with world(tmp_path, kind, stage) as stand:
        begin(stand, stage, WORKERS)
        with under_load(load):
            for _ in range(count(5, times)):
                time.sleep(rng.uniform(0.0, 0.5))
                disturb(stand, rng)
            deadline = (
                time.monotonic() + 60
            )  # on a busy machine the last of them is still under way
            while shown not in stand.mxward.log and time.monotonic() < deadline:
                time.sleep(0.1)
        assert shown in stand.mxward.log
        assert "event=failure" not in stand.mxward.log
        judge(load, stand)
