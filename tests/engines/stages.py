"""Stages that misbehave on purpose, for the tests of engines."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from archive.engines import Report
from archive.errors import Unaccounted


def square(task: dict[str, Any], report: Report) -> dict[str, Any]:
    report(task["bytes"])
    return {"square": task["n"] ** 2, "pid": os.getpid()}


def die_until(task: dict[str, Any], report: Report) -> dict[str, Any]:
    """Kills its own process until as many attempts were made as the task says."""
    attempts = Path(task["folder"]) / f"attempts-{task['n']}"
    with attempts.open("a") as file:
        file.write("x")
    if attempts.stat().st_size <= task["deaths"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"n": task["n"]}


def refuse(task: dict[str, Any], report: Report) -> dict[str, Any]:
    raise Unaccounted(task["name"], 10, 9)


class Unpicklable(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__("cannot cross")


def raise_unpicklable(task: dict[str, Any], report: Report) -> dict[str, Any]:
    raise Unpicklable(1, 2)
