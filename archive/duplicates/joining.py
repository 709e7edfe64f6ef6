"""The stage `duplicates-join`: runs of many parts as one, so that a range of keys is in few files.

Ninety thousand parts would have every task of a later stage open ninety thousand files. Joined a
hundred to a file they are still one task's work each; what is found in them does not change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from archive.duplicates.corpus import Laid, Run
from archive.duplicates.files import Array, between, partitions, staged
from archive.duplicates.place import Place
from archive.engines import Engine, Task

MANY: Final = 10
"""Files in which runs are left as they are: fewer would leave workers without a task."""

DOCUMENT_ARRAYS: Final = ("captured", "ids", "texts", "sketch")
KEYS: Final = ("text", "band")
COPY_ROWS: Final = 1 << 16


def joined(laid: Sequence[Laid], place: Place, engine: Engine, runs: int) -> list[Laid]:
    """The same documents in the same order, `runs` runs to a file where that leaves many files."""
    if len(laid) <= MANY * runs:
        return list(laid)
    groups = [laid[start : start + runs] for start in range(0, len(laid), runs)]
    tasks: list[Task] = [
        {
            "name": f"join {index}",
            "run": place.key,
            "runs": [asdict(run) for run, _ in group],
            "partition_rows": place.partition_rows,
            "out": str(place.scratch / "joined" / f"{index:05d}"),
        }
        for index, group in enumerate(groups)
    ]
    receipts = engine.run("duplicates-join", tasks)
    return [
        (
            Run(task["out"], 0, group[0][0].base, receipt["rows"]),
            [piece for _, pieces in group for piece in pieces],
        )
        for task, receipt, group in zip(tasks, receipts, groups, strict=True)
    ]


def join(task: dict[str, Any], report: Callable[[int], None]) -> dict[str, Any]:
    """One run of several, written range by range of keys.

    Holds some 40 bytes for each of `partition_rows` keys; what it writes is mapped, not held.
    """
    runs = [Run(**fields) for fields in task["runs"]]

    def make(aside: Path) -> dict[str, Any]:
        for name in DOCUMENT_ARRAYS:
            _concatenate(aside, name, [run.array(name) for run in runs])
        for kind in KEYS:
            _merge(aside, kind, runs, task["partition_rows"])
        return {"rows": sum(run.rows for run in runs)}

    return staged(Path(task["out"]), {"run": task["run"], "runs": task["runs"]}, make)


def _new(folder: Path, name: str, like: Array, rows: int) -> Any:
    """An array file to be filled, mapped."""
    path = folder / f"0000-{name}.npy"
    return np.lib.format.open_memmap(path, "w+", like.dtype, (rows, *like.shape[1:]))


def _concatenate(folder: Path, name: str, arrays: list[Array]) -> None:
    filled, at = _new(folder, name, arrays[0], sum(map(len, arrays))), 0
    for array in arrays:
        for start in range(0, len(array), COPY_ROWS):
            piece = array[start : start + COPY_ROWS]
            filled[at : at + len(piece)] = piece
            at += len(piece)
    filled.flush()


def _merge(folder: Path, kind: str, runs: list[Run], most: int) -> None:
    """Sorted keys of all runs with the rows that have them; equal keys in the order of rows."""
    keys = [run.array(f"{kind}_keys") for run in runs]
    rows = [run.array(f"{kind}_rows") for run in runs]
    first = np.cumsum([0, *(run.rows for run in runs[:-1])]).astype(np.uint32)
    total = sum(map(len, keys))
    all_keys = _new(folder, f"{kind}_keys", keys[0], total)
    all_rows = _new(folder, f"{kind}_rows", rows[0], total)
    at = 0
    for low, high in partitions(max(1, -(-total // most))):
        where = [between(each, low, high) for each in keys]
        some = np.concatenate([each[here] for each, here in zip(keys, where, strict=True)])
        order = np.argsort(some, kind="stable")
        all_keys[at : at + len(some)] = some[order]
        moved = [each[here] + begin for each, here, begin in zip(rows, where, first, strict=True)]
        all_rows[at : at + len(some)] = np.concatenate(moved)[order]
        at += len(some)
    all_keys.flush()
    all_rows.flush()
