"""Engines decide where a stage runs, never what it makes.

A stage is a registered, module-level function: `stage(task, report) -> receipt`. Tasks and receipts
are plain dicts; every output is written aside and renamed, its name and bytes a function of the
task alone. So any engine gives the same snapshot, and a build begun on one can end on another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final, Protocol

from archive.errors import UnknownName

Task = dict[str, Any]
Receipt = dict[str, Any]
Report = Callable[[int], None]
Stage = Callable[[Task, Report], Receipt]

STAGES: Final = {
    "fingerprint": "archive.pipeline:fingerprint",
    "part": "archive.parts:make_part",
    "signals": "archive.derived:make_signals",
    "duplicates-sign": "archive.duplicates.runs:sign",
    "duplicates-texts": "archive.duplicates.buckets:texts",
    "duplicates-buckets": "archive.duplicates.buckets:buckets",
    "duplicates-pairs": "archive.duplicates.pairs:pairs",
    "duplicates-merge": "archive.duplicates.pairs:merge",
    "duplicates-shingles": "archive.duplicates.verify:shingles",
    "duplicates-verify": "archive.duplicates.verify:verify",
}
"""Stage name -> where its function is; loaded by the worker that runs it."""

ENGINES: Final = {"local": "archive.engines.local:LocalEngine"}


class Engine(Protocol):
    """Runs the tasks of a stage, each until it gives a receipt or has failed `retries` times."""

    def run(
        self, stage: str, tasks: Sequence[Task], *, retries: int = 3, report: Report | None = None
    ) -> list[Receipt]:
        """Receipts in the order of the tasks; `report` is told amounts of work as they are done.

        Raises WorkerFailed when a task's worker died `retries` times; an error raised by the
        stage itself is raised here at once.
        """
        ...

    def close(self) -> None:
        """Ends the workers; a task under way is abandoned."""
        ...


def load(registry: dict[str, str], kind: str, name: str) -> Any:
    """What a registry names, or `module:attribute` itself, imported now."""
    home = name if ":" in name else registry.get(name)
    if home is None:
        raise UnknownName(kind, name, registry)
    module, _, attribute = home.partition(":")
    return getattr(import_module(module), attribute)


def stage_function(name: str) -> Stage:
    function: Stage = load(STAGES, "stage", name)
    return function
