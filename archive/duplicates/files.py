"""Files between the stages: numpy arrays in folders that appear whole or not at all.

A task's folder holds its arrays and `receipt.json`: what the task was, what it found, and the
SHA-256 of each array. It is filled aside and renamed last, so a folder that is there is finished;
a folder whose bytes are not those of its receipt is made again.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from archive.digest import canonical_json, sha256_file, sha256_hex

Array = npt.NDArray[Any]
Words = npt.NDArray[np.uint64]
Ranks = npt.NDArray[np.uint32]

RECEIPT: Final = "receipt.json"
ASIDE: Final = ".aside-"


def staged(
    folder: Path, spec: dict[str, Any], make: Callable[[Path], dict[str, Any]]
) -> dict[str, Any]:
    """The receipt of a task's folder; `make(aside)` fills it and gives facts, if need be.

    `spec` is all that the bytes depend on.
    """
    asked = sha256_hex(canonical_json(spec))
    finished = whole(folder)
    if finished and finished.get("asked") == asked:
        return finished
    folder.parent.mkdir(parents=True, exist_ok=True)
    for stray in folder.parent.glob(f"{folder.name}{ASIDE}*"):  # of an attempt that was killed
        shutil.rmtree(stray, ignore_errors=True)  # which may still write, on a node thought lost
    aside = folder.with_name(f"{folder.name}{ASIDE}{secrets.token_hex(8)}")
    aside.mkdir()
    try:
        facts = make(aside)
        made = {path.name: sha256_file(path) for path in sorted(aside.iterdir())}
        receipt = {**facts, "asked": asked, "files": made}
        (aside / RECEIPT).write_bytes(canonical_json(receipt))
        for path in aside.iterdir():
            _sync(path)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(aside, folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return receipt


def whole(folder: Path) -> dict[str, Any] | None:
    """The receipt of a folder whose files have the bytes that it states."""
    try:
        receipt: dict[str, Any] = json.loads((folder / RECEIPT).read_bytes())
        for name, digest in receipt["files"].items():
            if sha256_file(folder / name) != digest:
                return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return receipt


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def save(folder: Path, **arrays: Array) -> None:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def load(path: Path) -> Array:
    """An array of a folder, mapped: only the pages that are touched are read."""
    try:
        mapped: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:  # an empty array cannot be mapped
        mapped = np.load(path, allow_pickle=False)
    return mapped.view(np.ndarray)


def between(keys: Array, low: int, high: int) -> slice:
    """Where the values in [low, high) of a sorted, mapped array are: a few pages are touched.

    A run sorted by its key is thereby its own index for any number of partitions.
    """
    return slice(_lower_bound(keys, low), _lower_bound(keys, high))


def _lower_bound(keys: Array, value: int) -> int:
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        if int(keys[middle]) < value:
            low = middle + 1
        else:
            high = middle
    return low


def partitions(count: int) -> list[tuple[int, int]]:
    """The 64-bit keys in so many equal ranges [low, high)."""
    bounds = [(index << 64) // count for index in range(count + 1)]
    return list(pairwise(bounds))
