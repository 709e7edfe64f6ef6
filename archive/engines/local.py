"""The embedded engine: this process, or a few spawned ones that are watched and replaced."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from archive.engines import Receipt, Report, Task, stage_function
from archive.errors import WorkerFailed

# Spawned, never forked: a forked child inherits the locks of threads that it does not have.
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    task: int | None = None  # the index of the task it has


@dataclass(slots=True)
class _Batch:
    """One call of `run`: what is to be done, and how far it is."""

    stage: str
    tasks: Sequence[Task]
    retries: int
    report: Report
    waiting: deque[int] = field(init=False)
    receipts: dict[int, Receipt] = field(default_factory=dict)
    deaths: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.waiting = deque(range(len(self.tasks)))


class LocalEngine:
    """`workers=1` runs in this process; more run as spawned processes, one task each at a time.

    A worker that dies (killed, out of memory, a crash in a parser) costs only its task's attempt:
    a new one takes its place.
    """

    def __init__(self, workers: int = 1) -> None:
        self._size = max(1, workers)
        self._workers: list[_Worker] = []

    def run(
        self, stage: str, tasks: Sequence[Task], *, retries: int = 3, report: Report | None = None
    ) -> list[Receipt]:
        batch = _Batch(stage, tasks, retries, report or _no_report)
        if self._size == 1:
            function = stage_function(stage)
            return [function(task, batch.report) for task in tasks]
        try:
            while len(batch.receipts) < len(tasks):
                self._hand_out(batch)
                for worker in self._ready():
                    self._hear(worker, batch)
        except BaseException:
            self.close()  # or a worker would answer the next call with this one's receipt
            raise
        return [batch.receipts[index] for index in range(len(tasks))]

    def close(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in list(self._workers):
            self._bury(worker)

    def _hand_out(self, batch: _Batch) -> None:
        while batch.waiting:
            idle = next((w for w in self._workers if w.task is None), None)
            if idle is None:
                if len(self._workers) >= self._size:
                    return
                idle = self._hire()
            idle.task = batch.waiting.popleft()
            try:
                idle.pipe.send((batch.stage, batch.tasks[idle.task]))
            except OSError:  # it died while idle: no fault of the task
                batch.waiting.appendleft(idle.task)
                self._bury(idle)

    def _hear(self, worker: _Worker, batch: _Batch) -> None:
        """Takes one message of a busy worker: progress, a receipt, an error, or its death."""
        index = worker.task
        assert index is not None, "only busy workers are listened to"
        try:
            kind, value = worker.pipe.recv()
        except (EOFError, OSError):
            self._bury(worker)
            batch.deaths[index] += 1
            if batch.deaths[index] >= batch.retries:
                code = worker.process.exitcode
                reason = f"its worker died {batch.retries} times (exit code {code})"
                raise WorkerFailed(batch.stage, _label(batch.tasks[index]), reason) from None
            batch.waiting.appendleft(index)
            return
        if kind == "progress":
            batch.report(value)
        elif kind == "error":
            raise value
        else:
            worker.task = None
            batch.receipts[index] = value

    def _hire(self) -> _Worker:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_work, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _ready(self) -> list[_Worker]:
        busy = {id(w.pipe): w for w in self._workers if w.task is not None}
        return [busy[id(pipe)] for pipe in wait([w.pipe for w in busy.values()])]

    def _bury(self, worker: _Worker) -> None:
        worker.pipe.close()
        worker.process.join()
        self._workers.remove(worker)


def _work(pipe: Connection) -> None:
    """A worker: takes tasks until the pipe closes, which it also does when the parent is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to answer
    while True:
        try:
            stage, task = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            receipt = stage_function(stage)(task, _Progress(pipe))
            pipe.send(("done", receipt))
        except BrokenPipeError:
            return
        except Exception as error:
            pipe.send(("error", _portable(error, stage, task)))


def _portable(error: Exception, stage: str, task: Task) -> Exception:
    """The error itself, where it can cross to the parent process; else one that tells of it."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return WorkerFailed(stage, _label(task), repr(error))
    return error


class _Progress:
    """Passes progress on in pieces of a megabyte, not one message a record."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._held = 0

    def __call__(self, amount: int) -> None:
        self._held += amount
        if self._held >= 1 << 20:
            self._pipe.send(("progress", self._held))
            self._held = 0


def _no_report(amount: int) -> None:
    """Nobody is watching."""


def _label(task: Task) -> Any:
    return task.get("name", "?")
