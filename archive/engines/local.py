"""The embedded engine: this process, or a few spawned ones that are watched and replaced."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from time import monotonic

from archive.engines import Instead, Receipt, Report, Task, stage_function
from archive.engines.batch import Batch, Pieces, portable, unheard
from archive.errors import UsageError

# Spawned, never forked: a forked child inherits the locks of threads that it does not have.
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    task: int | None = None  # the index of the task it has
    heard: float = field(default_factory=monotonic)  # when it last said something, or was told to
    cause: str | None = None  # of its death, where that is known before

    @property
    def died_of(self) -> str:
        """For a worker that has ended."""
        return self.cause or f"exit code {self.process.exitcode}"


class LocalEngine:
    """`workers=1` runs in this process, which nobody watches; more run as spawned processes, one
    task each at a time.

    A worker that dies (killed, out of memory, a crash in a parser) or is silent for longer than
    `patience` seconds costs only its task's attempt: a new one takes its place.
    """

    def __init__(
        self, workers: int = 1, address: str | None = None, patience: float | None = None
    ) -> None:
        if address is not None:
            raise UsageError(
                f"the engine 'local' has no address, such as {address!r}",
                next_step="leave --address out, or name the engine that is there: --engine ray",
            )
        self._size, self._patience = max(1, workers), patience
        self._workers: list[_Worker] = []

    def run(
        self,
        stage: str,
        tasks: Sequence[Task],
        *,
        retries: int = 3,
        report: Report | None = None,
        instead: Instead | None = None,
    ) -> list[Receipt]:
        batch = Batch(stage, tasks, retries, report or unheard, instead, self._patience)
        if self._size == 1:
            function = stage_function(stage)
            return [function(task, batch.report) for task in tasks]
        try:
            while not batch.finished:
                self._hand_out(batch)
                for worker in self._ready(batch):
                    self._hear(worker, batch)
        except BaseException:
            self.close()  # or a worker would answer the next call with this one's receipt
            raise
        return batch.answer()

    def reach(self, folder: Path) -> None:
        """The workers are on this machine: they see what it sees."""

    def close(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in list(self._workers):
            self._bury(worker)

    def _hand_out(self, batch: Batch) -> None:
        while batch.waiting:
            idle = next((w for w in self._workers if w.task is None), None)
            if idle is None:
                if len(self._workers) >= self._size:
                    return
                idle = self._hire()
            idle.task, idle.heard = batch.waiting.popleft(), monotonic()
            try:
                idle.pipe.send((batch.stage, batch.tasks[idle.task]))
            except OSError:  # it died while idle: no fault of the task
                batch.waiting.appendleft(idle.task)
                self._bury(idle)

    def _hear(self, worker: _Worker, batch: Batch) -> None:
        """Takes one message of a busy worker: progress, a receipt, an error, or its death."""
        index = worker.task
        assert index is not None, "only busy workers are listened to"
        try:
            kind, value = worker.pipe.recv()
        except (EOFError, OSError):
            self._bury(worker)
            batch.died(index, worker.died_of)
            return
        worker.heard = monotonic()
        if kind == "progress":
            batch.report(value)
        elif kind == "dying":
            worker.cause = value
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

    def _ready(self, batch: Batch) -> list[_Worker]:
        """Those who have something to say; those who have been silent for too long are killed."""
        busy = [w for w in self._workers if w.task is not None]
        timeout = None
        if batch.silence is not None and busy:
            timeout = max(0.0, min(w.heard for w in busy) + batch.silence - monotonic())
        speaking = wait([w.pipe for w in busy], timeout)
        for worker in busy:
            if batch.silence is None or worker.pipe in speaking:
                continue
            if monotonic() - worker.heard >= batch.silence:
                worker.cause, worker.heard = batch.hung(), monotonic()
                worker.process.kill()
        return [worker for worker in busy if worker.pipe in speaking]

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
            told = Pieces(lambda amount: pipe.send(("progress", amount)))
            pipe.send(("done", stage_function(stage)(task, told)))
        except BrokenPipeError:
            return
        except MemoryError:  # what it holds is best given back by ending
            pipe.send(("dying", "out of memory"))
            return
        except Exception as error:
            pipe.send(("error", portable(error, stage, task)))
