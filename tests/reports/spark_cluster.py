"""A real Spark cluster on this machine: a master, two workers, and a Spark Connect server.

All of them are Java processes of the cluster's own environment (tools/spark_cache.py), in the test
run's own network. Every process that they start is in their session, and gone when `stop` returns.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.processes import wait_until_gone
from tools import spark_cache

__all__ = ["Cluster"]

_HOST = "127.0.0.1"
_MASTER, _CONNECT = 17077, 15002
_READY_WITHIN = 240.0  # seconds, of a machine with other things to do
_DEPLOYED = "org.apache.spark.deploy"


class Cluster:
    """Started on entry; `workers` are the pids of its two workers' Java."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.url = f"sc://{_HOST}:{_CONNECT}"
        self.workers: list[int] = []
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        try:
            self._start_all()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def executors(self) -> list[int]:
        """The pids of what works for the workers, each in a Java of its own."""
        return [pid for worker in self.workers for pid in _children(worker)]

    def kill_a_worker(self) -> None:
        """As if its machine had lost its power: the worker, and what works for it."""
        worker = self.workers.pop()
        working = _children(worker)
        for pid in (worker, *working):
            os.kill(pid, signal.SIGKILL)
        wait_until_gone([worker, *working])

    def stop(self) -> None:
        """Kill all of it."""
        for process in reversed(self._started):
            for pid in _session(process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()
        self._started.clear()

    def _start_all(self) -> None:
        master = f"spark://{_HOST}:{_MASTER}"
        self._start("master", f"{_DEPLOYED}.master.Master", "--host", _HOST, "--port", str(_MASTER))
        self._wait_for(_MASTER)
        for name in ("one", "two"):
            options = ("--cores", "1", "--memory", "1g", "--work-dir", str(self.directory / name))
            process = self._start(
                name, f"{_DEPLOYED}.worker.Worker", "--host", _HOST, *options, master
            )
            self.workers.append(process.pid)
        settings = {
            "spark.executor.memory": "600m",
            "spark.sql.shuffle.partitions": "4",
            "spark.ui.enabled": "false",
            "spark.connect.grpc.binding.address": _HOST,
            "spark.connect.grpc.binding.port": str(_CONNECT),
            "spark.local.dir": str(self.directory / "local"),
        }
        conf = [word for pair in settings.items() for word in ("--conf", "=".join(pair))]
        server = "org.apache.spark.sql.connect.service.SparkConnectServer"
        submit = (f"{_DEPLOYED}.SparkSubmit", "--master", master, *conf)
        self._start("connect", *submit, "--class", server, "spark-internal", memory="1g")
        self._wait_for(_CONNECT)

    def _start(self, name: str, *words: str, memory: str = "256m") -> subprocess.Popen[bytes]:
        home = spark_cache.spark_home()
        with (self.directory / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [str(home / "bin" / "spark-class"), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env={
                    "PATH": os.environ["PATH"],
                    "SPARK_HOME": str(home),
                    "JAVA_HOME": str(spark_cache.java_home()),
                    "LD_LIBRARY_PATH": spark_cache.libraries(),
                    "SPARK_LOCAL_IP": _HOST,
                    "SPARK_LOCAL_HOSTNAME": "localhost",
                    "SPARK_DAEMON_MEMORY": memory,
                    "SPARK_NO_DAEMONIZE": "1",
                },
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def _wait_for(self, port: int) -> None:
        """Until what was started last listens there. Raises TimeoutError, with its words."""
        deadline = time.monotonic() + _READY_WITHIN
        while True:
            try:
                socket.create_connection((_HOST, port), timeout=1).close()
            except OSError:
                if time.monotonic() > deadline or self._started[-1].poll() is not None:
                    newest = max(self.directory.glob("*.log"), key=lambda log: log.stat().st_mtime)
                    said = newest.read_text()[-4000:]
                    raise TimeoutError(f"nothing listens on port {port}\n{said}") from None
                time.sleep(0.2)
            else:
                return


def _children(parent: int) -> list[int]:
    """Whichever of its threads has started them."""
    found = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(pid) for path in found for pid in path.read_text().split()]


def _session(leader: int) -> list[int]:
    """All processes that were started in a session, whoever their parents are by now."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            stat = path.read_text()
            if int(stat[stat.rindex(")") + 2 :].split()[3]) == leader:
                found.append(int(path.parent.name))
    return found
