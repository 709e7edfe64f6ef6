"""Engines decide where a stage runs, never what it makes.

A stage is a registered, module-level function: `stage(task, report) -> receipt`. Tasks and receipts
are plain dicts; every output is written aside and renamed, its name and bytes a function of the
task alone. So any engine gives the same snapshot, and a build begun on one can end on another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, Protocol

from archive.errors import UnknownName

Task = dict[str, Any]
Receipt = dict[str, Any]
Report = Callable[[int], None]
Stage = Callable[[Task, Report], Receipt]
Instead = Callable[[Task, str], Receipt]
"""What stands for the receipt of a task that was given up, by the reason."""

STAGES: Final = {
    "fingerprint": "archive.pipeline:fingerprint",
    "part": "archive.parts:make_part",
    "parts": "archive.batches:make_parts",
    "signals": "archive.derived:make_signals",
    "duplicates-sign": "archive.duplicates.runs:sign",
    "duplicates-join": "archive.duplicates.joining:join",
    "duplicates-texts": "archive.duplicates.buckets:texts",
    "duplicates-buckets": "archive.duplicates.buckets:buckets",
    "duplicates-pairs": "archive.duplicates.pairs:pairs",
    "duplicates-merge": "archive.duplicates.pairs:merge",
    "duplicates-shingles": "archive.duplicates.verify:shingles",
    "duplicates-verify": "archive.duplicates.verify:verify",
}
"""Stage name -> where its function is; loaded by the worker that runs it."""

SILENCE: Final = {"part": 1800.0, "parts": 1800.0, "signals": 1800.0}
"""Stage -> seconds without a word after which its worker is taken for hung, is killed and its task
tried again. Only stages that report as they go; one record or row group may take that long."""

ENGINES: Final = {
    "local": "archive.engines.local:LocalEngine",
    "ray": "archive.engines.ray:RayEngine",
}
ENTRY_POINTS: Final = "lowbackground.engines"
"""The group in which other packages name their engines."""


class Engine(Protocol):
    """Runs the tasks of a stage, each until it gives a receipt or its worker has died `retries`
    times. Made by `kind(workers=..., address=...)`; an address of None is the engine's own."""

    def run(
        self,
        stage: str,
        tasks: Sequence[Task],
        *,
        retries: int = 3,
        report: Report | None = None,
        instead: Instead | None = None,
    ) -> list[Receipt]:
        """Receipts in the order of the tasks; `report` is told amounts of work as they are done.

        A worker dies when it is killed, out of memory, or silent for longer than SILENCE. After
        `retries` deaths `instead(task, reason)` is the receipt; without it WorkerFailed is raised.
        An error raised by the stage itself is raised here at once.
        """
        ...

    def reach(self, folder: Path) -> None:
        """Raises EnvironmentFailed where a worker cannot see what is in this folder."""
        ...

    def close(self) -> None:
        """Ends the workers; a task under way is abandoned."""
        ...


def start(name: str, workers: int, address: str | None = None) -> Engine:
    """The engine of this name, started. Raises UnknownName with the names that are known."""
    engine: Engine = load(known_engines(), "engine", name)(workers=workers, address=address)
    return engine


def known_engines() -> dict[str, str]:
    """Ours, and those that installed packages bring; a name of ours stays ours."""
    others = {each.name: f"{each.module}:{each.attr}" for each in entry_points(group=ENTRY_POINTS)}
    return {**others, **ENGINES}


def load(registry: Mapping[str, str], kind: str, name: str) -> Any:
    """What a registry names, or `module:attribute` itself, imported now."""
    home = name if ":" in name else registry.get(name)
    if home is None:
        raise UnknownName(kind, name, registry)
    module, _, attribute = home.partition(":")
    return getattr(import_module(module), attribute)


def stage_function(name: str) -> Stage:
    function: Stage = load(STAGES, "stage", name)
    return function
