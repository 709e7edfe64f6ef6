"""What all engines keep of one call of `run`: what waits, what is done, who died of what."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from archive.engines import SILENCE, Instead, Receipt, Report, Task
from archive.errors import WorkerFailed

PIECE: Final = 1 << 20  # of work between two messages of a worker
PAUSE: Final = 1.0  # seconds after which a smaller piece is told of, too


@dataclass(slots=True)
class Batch:
    """One call of `run`. Tasks are known by their index."""

    stage: str
    tasks: Sequence[Task]
    retries: int
    report: Report
    instead: Instead | None
    patience: float | None  # for all stages; None: as SILENCE says
    waiting: deque[int] = field(init=False)
    receipts: dict[int, Receipt] = field(default_factory=dict)
    _causes: dict[int, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.waiting = deque(range(len(self.tasks)))

    @property
    def finished(self) -> bool:
        return len(self.receipts) == len(self.tasks)

    @property
    def silence(self) -> float | None:
        """Seconds without a word that a worker is granted; None: as many as it likes."""
        return self.patience if self.patience is not None else SILENCE.get(self.stage)

    def hung(self) -> str:
        """The cause of death of a worker that was killed for its silence."""
        return f"silent for {self.silence:g} s"

    def died(self, index: int, cause: str) -> None:
        """A worker died of this task: it waits again, or is given up."""
        causes = self._causes.setdefault(index, [])
        causes.append(cause)
        if len(causes) < self.retries:
            self.waiting.appendleft(index)
            return
        reason = f"its worker died {len(causes)} times ({'; '.join(dict.fromkeys(causes))})"
        if self.instead is None:
            raise WorkerFailed(self.stage, label(self.tasks[index]), reason)
        self.receipts[index] = self.instead(self.tasks[index], reason)

    def answer(self) -> list[Receipt]:
        """The receipts in the order of the tasks."""
        return [self.receipts[index] for index in range(len(self.tasks))]


class Pieces:
    """Passes progress on in pieces of a megabyte or a second, not one message a record."""

    def __init__(self, tell: Report) -> None:
        self._tell, self._held, self._told = tell, 0, monotonic()

    def __call__(self, amount: int) -> None:
        self._held += amount
        if self._held >= PIECE or monotonic() - self._told >= PAUSE:
            self._tell(self._held)
            self._held, self._told = 0, monotonic()


def portable(error: Exception, stage: str, task: Task) -> Exception:
    """The error itself, where it can cross to the parent process; else one that tells of it."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return WorkerFailed(stage, label(task), repr(error))
    return error


def label(task: Task) -> Any:
    """What people call a task."""
    return task.get("name", "?")


def unheard(amount: int) -> None:
    """Nobody is watching."""
