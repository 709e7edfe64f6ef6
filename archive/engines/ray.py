"""Ray Core tasks: the same stages on the nodes of a cluster, or on one started here.

A task is one attempt; who died of what is counted here, as for local workers, never by Ray. Ray
carries tasks and receipts alone: what a stage reads and writes are files, so nothing is lost with
an object store, and every node has to see the inputs and the store at the same paths.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any, Final

from archive.engines import Instead, Receipt, Report, Task, stage_function
from archive.engines.batch import Batch, Pieces, portable, unheard
from archive.errors import EnvironmentFailed, UsageError

WINDOW: Final = 1000
"""Tasks handed to Ray at once: 90,000 at once would fill the memory of its head."""

TICK: Final = 1.0  # seconds between two looks at the board
ANSWER: Final = 60.0  # seconds in which every node has to say what it sees
STORE_BYTES: Final = 128 << 20  # of the object store of a cluster started here; receipts are small
LOOPBACK: Final = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Set to 0, Ray keeps 127.0.0.1 instead of this machine's address, and listens on nothing else."""


@dataclass(slots=True)
class _Flight:
    """One attempt under way; `heard` is None until it has begun."""

    index: int
    number: int
    heard: float | None = None
    cause: str | None = None  # of its death, where that is known before


class RayEngine:
    """`address` is `local` (a cluster of `workers` CPUs in this machine, listening on loopback
    alone; the default), `auto` (the cluster that this node belongs to) or HOST:PORT of one.

    In a running cluster its CPUs decide how much is done at once, `workers` nothing. Where the
    calling program has begun Ray itself, that is used and left running.
    """

    def __init__(
        self, workers: int = 1, address: str | None = None, patience: float | None = None
    ) -> None:
        address = address or "local"
        if address.startswith("ray://"):
            raise UsageError(
                f"{address}: not by Ray's client protocol",
                next_step="run lowbg on a node of the cluster, with --address auto",
            )
        if address == "local":
            os.environ.setdefault(LOOPBACK, "0")  # read when Ray is imported
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # or Ray reports to its makers
        try:
            import ray
        except ImportError as error:
            raise UsageError(
                f"the engine 'ray' needs Ray: {error}",
                next_step="pip install 'lowbackground[ray]'",
            ) from error
        self._ray: Any = ray  # half of it has types
        self._patience = patience
        self._owned = not self._ray.is_initialized()
        if self._owned:
            self._connect(address, workers)
        self._attempt = self._ray.remote(num_cpus=1, max_retries=0)(_attempt)
        here = self._on(self._ray.get_runtime_context().get_node_id(), soft=True)
        board = self._ray.remote(num_cpus=0, max_restarts=-1)(_Board)
        self._board = board.options(scheduling_strategy=here).remote()
        self._numbers, self._listened = count(), monotonic()

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
        flying: dict[Any, _Flight] = {}
        try:
            while not batch.finished:
                self._launch(batch, flying)
                for ref in self._landed(flying):
                    self._land(batch, flying.pop(ref), ref)
                self._listen(batch, flying)
        except BaseException:
            for ref in flying:
                self._ray.cancel(ref, force=True)
            raise
        return batch.answer()

    def reach(self, folder: Path) -> None:
        """Has every node read a file that is written here."""
        folder.mkdir(parents=True, exist_ok=True)
        marker, word = folder.resolve() / f"seen-{secrets.token_hex(8)}", secrets.token_hex(16)
        marker.write_text(word)
        try:
            nodes = [node for node in self._ray.nodes() if node["Alive"]]
            said = self._ask(nodes, marker)
            blind = [n for n, answer in zip(nodes, said, strict=True) if answer != word]
        finally:
            marker.unlink()
        if blind:
            named = ", ".join(sorted(str(node["NodeManagerAddress"]) for node in blind)[:5])
            raise EnvironmentFailed(
                f"{len(blind)} of {len(nodes)} nodes do not see {folder}: {named}",
                next_step="put the store on storage that every node has at the same path, such as"
                " NFS or Lustre, and install lowbackground on every node",
            )

    def close(self) -> None:
        if self._owned:
            self._ray.shutdown()
        else:
            self._ray.kill(self._board)

    def _connect(self, address: str, workers: int) -> None:
        given: dict[str, Any] = {"address": address}
        if address == "local":
            given |= {"num_cpus": workers, "object_store_memory": STORE_BYTES}
            given |= {"include_dashboard": False}
        try:
            self._ray.init(**given, log_to_driver=False, logging_level=logging.ERROR)
        except (OSError, RuntimeError, ValueError, self._ray.exceptions.RayError) as error:
            raise EnvironmentFailed(
                f"no Ray cluster at {address!r}: {error}",
                next_step="'ray start --head' starts one, 'ray status' looks for one:"
                " see docs/cluster.md",
            ) from error

    def _on(self, node: str, *, soft: bool) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        return NodeAffinitySchedulingStrategy(node_id=node, soft=soft)

    def _ask(self, nodes: Sequence[dict[str, Any]], marker: Path) -> list[str | None]:
        """What each node reads in the marker; None where it gives no answer."""
        read = self._ray.remote(num_cpus=0, max_retries=1)(_read)
        asked = [
            read.options(scheduling_strategy=self._on(node["NodeID"], soft=False)).remote(
                str(marker)
            )
            for node in nodes
        ]
        self._ray.wait(asked, num_returns=len(asked), timeout=ANSWER)
        return [self._answer(ref) for ref in asked]

    def _answer(self, ref: Any) -> str | None:
        try:
            answer: str | None = self._ray.get(ref, timeout=0.0)
        except self._ray.exceptions.RayError:
            return None
        return answer

    def _launch(self, batch: Batch, flying: dict[Any, _Flight]) -> None:
        while batch.waiting and len(flying) < WINDOW:
            flight = _Flight(batch.waiting.popleft(), next(self._numbers))
            task = batch.tasks[flight.index]
            ref = self._attempt.remote(batch.stage, task, flight.number, self._board, os.getcwd())
            flying[ref] = flight

    def _landed(self, flying: dict[Any, _Flight]) -> list[Any]:
        """The attempts that have ended, once there is one or a moment has passed."""
        self._ray.wait(list(flying), num_returns=1, timeout=TICK)
        ended, _ = self._ray.wait(list(flying), num_returns=len(flying), timeout=0.0)
        return list(ended)

    def _land(self, batch: Batch, flight: _Flight, ref: Any) -> None:
        try:
            kind, value = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            batch.died(flight.index, flight.cause or self._cause(error))
            return
        if kind == "error":
            raise value
        if kind == "died":
            batch.died(flight.index, value)
        else:
            batch.receipts[flight.index] = value

    def _cause(self, error: Exception) -> str:
        errors = self._ray.exceptions
        if isinstance(error, errors.WorkerCrashedError):
            return "its process ended"
        if isinstance(error, errors.OutOfMemoryError):
            return "out of memory"
        if isinstance(error, errors.NodeDiedError | errors.ObjectLostError):
            return "its node was lost"
        return f"{type(error).__name__}: {error}".splitlines()[0]

    def _listen(self, batch: Batch, flying: dict[Any, _Flight]) -> None:
        """Passes on what the workers say; ends attempts that have been silent for too long."""
        if monotonic() - self._listened < TICK and not batch.finished:
            return
        self._listened = monotonic()
        try:
            said: dict[int, int] = self._ray.get(self._board.take.remote(), timeout=10 * TICK)
        except self._ray.exceptions.RayError:
            return  # the board's node is lost or busy: it is asked again
        batch.report(sum(said.values()))
        for ref, flight in flying.items():
            if flight.number in said:
                flight.heard = self._listened
            if flight.heard is None or batch.silence is None or flight.cause:
                continue
            if self._listened - flight.heard >= batch.silence:
                flight.cause = batch.hung()
                self._ray.cancel(ref, force=True)


class _Board:
    """An actor on which attempts write what they have done, and the engine reads it."""

    def __init__(self) -> None:
        self._amounts: dict[int, int] = {}

    def tell(self, number: int, amount: int) -> None:
        self._amounts[number] = self._amounts.get(number, 0) + amount

    def take(self) -> dict[int, int]:
        """The amounts since the last call, by attempt."""
        amounts, self._amounts = self._amounts, {}
        return amounts


def _attempt(stage: str, task: Task, number: int, board: Any, folder: str) -> tuple[str, Any]:
    """Runs on a node: one task, once. `folder` is where relative paths begin."""
    with contextlib.suppress(OSError):  # a node without it is well off with absolute paths
        os.chdir(folder)
    board.tell.remote(number, 0)
    try:
        told = Pieces(lambda amount: board.tell.remote(number, amount))
        return "done", stage_function(stage)(task, told)
    except MemoryError:
        return "died", "out of memory"
    except Exception as error:
        return "error", portable(error, stage, task)


def _read(path: str) -> str | None:
    """Runs on a node: what a file holds there."""
    try:
        return Path(path).read_text()
    except OSError:
        return None
