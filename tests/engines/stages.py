"""Stages that misbehave on purpose, for the tests of engines."""

from __future__ import annotations

import os
import signal
import time
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


def hang_until(task: dict[str, Any], report: Report) -> dict[str, Any]:
    """Falls silent for good until as many attempts were made as the task says."""
    attempts = Path(task["folder"]) / f"attempts-{task['n']}"
    with attempts.open("a") as file:
        file.write("x")
    report(1)
    while attempts.stat().st_size <= task["hangs"]:
        time.sleep(0.05)
    return {"n": task["n"]}


def slow_but_telling(task: dict[str, Any], report: Report) -> dict[str, Any]:
    """Takes several times the patience of the tests, and says so as it goes."""
    for _ in range(task["steps"]):
        time.sleep(0.1)
        report(1)
    return {"n": task["n"]}


def out_of_memory(task: dict[str, Any], report: Report) -> dict[str, Any]:
    raise MemoryError


def meet(task: dict[str, Any], report: Report) -> dict[str, Any]:
    """Ends when another task is under way at the same time; says on which node of Ray's it is."""
    import ray

    (Path(task["folder"]) / f"here-{task['n']}").touch()
    while len(list(Path(task["folder"]).glob("here-*"))) < 2:
        time.sleep(0.05)
        report(0)
    return {"node": ray.get_runtime_context().get_node_id(), "pid": os.getpid()}
