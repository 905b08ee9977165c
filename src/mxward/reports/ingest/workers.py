"""Tasks in several processes at once.

The processes start afresh, so nothing of this one is in them. They end with it: by a signal where
all goes well or Ctrl-C was pressed, else when they find that nobody hears them.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from mxward.maillog.logged import Tally
from mxward.reports.ingest.sources import SourceError
from mxward.reports.ingest.tasks import Result, Task, carry_out
from mxward.reports.parquet import TableError

__all__ = ["in_processes"]

_WORKS_ON = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    line: Connection
    task: Task | None = None


def in_processes(
    tasks: Iterator[Task], count: int, progress: Callable[[int], None]
) -> Iterator[tuple[Task, Result]]:
    """Carry out tasks, at most `count` at once; the next one is asked for when somebody is free.

    Raises TableError where rows cannot be written, or a process dies.
    """
    with _workers(count) as workers:
        for worker in workers:
            _next(worker, tasks)
        while busy := {worker.line: worker for worker in workers if worker.task}:
            for line in wait(list(busy)):
                worker = busy[line]  # type: ignore[index]
                said, task = _hear(worker), worker.task
                if isinstance(said, int):
                    progress(said)
                elif task is not None:
                    yield task, said
                    _next(worker, tasks)


def _next(worker: _Worker, tasks: Iterator[Task]) -> None:
    worker.task = next(tasks, None)
    if worker.task is not None:
        worker.line.send(worker.task)


def _hear(worker: _Worker) -> int | Result:
    try:
        said = worker.line.recv()
    except (EOFError, ConnectionError):
        log = worker.task.part.log if worker.task else "a log"
        raise TableError(f"the process that has read {log} died") from None
    if isinstance(said, OSError):
        raise said
    heard: int | Result = said
    return heard


@contextmanager
def _workers(count: int) -> Iterator[list[_Worker]]:
    workers: list[_Worker] = []
    try:
        for _ in range(count):
            workers.append(_started())
        yield workers
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join()
            worker.line.close()


def _started() -> _Worker:
    """Ctrl-C is for this process alone, and not even while the other one begins."""
    ours, theirs = _WORKS_ON.Pipe()
    process = _WORKS_ON.Process(target=_work, args=(theirs,), daemon=True)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return _Worker(process, ours)


def _work(line: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        while True:
            task: Task = line.recv()
            try:
                line.send(carry_out(task, None, line.send))
            except SourceError as why:
                line.send(Result(Tally(), problem=str(why)))
            except BrokenPipeError:
                raise
            except OSError as why:
                line.send(why)
    except (EOFError, ConnectionError):
        pass  # nobody hears
