"""Engines that misbehave: workers that are killed, and a run that ends early."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from archive.duplicates import files
from archive.engines import Instead, Receipt, Report, Task, stage_function
from archive.engines.local import LocalEngine


def killed_once(task: dict[str, Any], report: Report) -> dict[str, Any]:
    """Runs a task; the first of its stage dies with its files written and not yet in place."""
    marker = Path(task["markers"]) / task["stage"]
    if not marker.exists():
        marker.touch()
        files.os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[attr-defined]
    return stage_function(task["stage"])(task["task"], report)


class Murderous(LocalEngine):
    """Two workers, one of which is killed in every stage."""

    def __init__(self, markers: Path) -> None:
        super().__init__(workers=2)
        markers.mkdir()
        self._markers = markers

    def run(
        self,
        stage: str,
        tasks: Sequence[Task],
        *,
        retries: int = 3,
        report: Report | None = None,
        instead: Instead | None = None,
    ) -> list[Receipt]:
        wrapped = [{"stage": stage, "task": t, "markers": str(self._markers)} for t in tasks]
        home = f"{__name__}:killed_once"
        return super().run(home, wrapped, retries=retries, report=report)


class PowerCut(Exception):
    """The whole run ended."""


class Interrupted(LocalEngine):
    """One worker; the run ends before its `calls`-th stage."""

    def __init__(self, calls: int) -> None:
        super().__init__(workers=1)
        self._left = calls

    def run(
        self,
        stage: str,
        tasks: Sequence[Task],
        *,
        retries: int = 3,
        report: Report | None = None,
        instead: Instead | None = None,
    ) -> list[Receipt]:
        self._left -= 1
        if self._left < 0:
            raise PowerCut(stage)
        return super().run(stage, tasks, retries=retries, report=report)
