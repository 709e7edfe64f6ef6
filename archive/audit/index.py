"""The index of an archive: which document has a passage first, and on how many hosts it stands.

    sign    per documents file   sorted runs of (key, row, host), and each document's facts
    merge   here                 by ranges of keys: each key once, with the earliest capture's row

Keys are passages, whole texts and bands of MinHash signatures (archive.audit.letters). Everything
is a file that is mapped, not read: building holds a run or a range at a time, looking up touches
some pages a key. A folder appears whole or not at all and is checked by SHA-256 when it is opened.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from archive.audit.options import Matching
from archive.audit.sign import FACTS
from archive.duplicates.files import Array, between, load, partitions, save, staged
from archive.engines import Engine
from archive.errors import EnvironmentFailed
from archive.signals.hashing import Hashes, Positions

PARTITION_KEYS: Final = 1 << 19
"""Keys merged at a time, at some 80 bytes each."""

MOST_DOCUMENTS: Final = 1 << 32
MOST_HOSTS: Final = 255
"""Hosts of a key are counted up to here."""

WHOLE_FOLDER: Final = "index"
ENTRY: Final = ("keys", "rows", "hosts")


@dataclass(frozen=True, slots=True)
class Source:
    """One file of documents. `rows` is a .npy of the rows that count, sorted; None: all of them.

    `key` names the bytes of all three.
    """

    key: str
    documents: Path
    signals: Path | None = None
    rows: Path | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """Sorted keys of one file, mapped; its rows count from `base`."""

    base: int
    keys: Array
    rows: Array
    hosts: Array


def build(
    sources: Sequence[Source],
    folder: Path,
    matching: Matching,
    engine: Engine,
    report: Callable[[int], None] | None = None,
    *,
    partition_keys: int = PARTITION_KEYS,
) -> Index:
    """The index of these documents in `folder`, made first where it is not there yet."""
    spec = {"sources": [source.key for source in sources], "matching": matching.indexing()}

    def make(aside: Path) -> dict[str, Any]:
        tasks = [_task(source, folder, matching) for source in sources]
        engine.run("archive.audit.sign:sign", tasks, report=report)
        return _merge([Path(task["out"]) for task in tasks], aside, partition_keys)

    receipt = staged(folder / WHOLE_FOLDER, spec, make)
    shutil.rmtree(folder / "parts", ignore_errors=True)
    return Index(folder / WHOLE_FOLDER, receipt)


def _task(source: Source, folder: Path, matching: Matching) -> dict[str, Any]:
    return {
        "name": source.key,
        "documents": str(source.documents),
        "signals": str(source.signals) if source.signals else None,
        "rows": str(source.rows) if source.rows else None,
        "letters": matching.letters,
        "window": matching.window,
        "indexing": matching.indexing(),
        "out": str(folder / "parts" / source.key[:64]),
    }


def _merge(parts: Sequence[Path], aside: Path, partition_keys: int) -> dict[str, Any]:
    counts = [len(load(part / "captured.npy")) for part in parts]
    bases = np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))
    if bases[-1] >= MOST_DOCUMENTS:
        raise EnvironmentFailed(
            f"{bases[-1]:,} documents: an audit indexes at most {MOST_DOCUMENTS - 1:,}",
            next_step="give --cut, or audit against one crawl at a time",
        )
    for name in FACTS:
        with (aside / name).open("wb") as file:
            for part in parts:
                load(part / f"{name}.npy").tofile(file)
    captured = np.memmap(aside / "captured", np.int64) if bases[-1] else np.zeros(0, np.int64)
    runs = [
        _Run(int(base), *(load(_beside(path, name)) for name in ENTRY))
        for part, base in zip(parts, bases[:-1], strict=True)
        for path in sorted(part.glob("*-keys.npy"))
    ]
    total = sum(len(run.keys) for run in runs)
    distinct = 0
    with ExitStack() as stack:
        files = [stack.enter_context((aside / name).open("wb")) for name in ENTRY]
        for low, high in partitions(max(1, -(-total // partition_keys))):
            merged = _merged(list(_slices(runs, low, high)), captured)
            distinct += len(merged[0])
            for file, array in zip(files, merged, strict=True):
                array.tofile(file)
    save(aside, bases=bases)
    return {"documents": int(bases[-1]), "keys": distinct}


def _beside(keys: Path, name: str) -> Path:
    return keys.with_name(keys.name.replace("-keys", f"-{name}"))


def _slices(runs: Sequence[_Run], low: int, high: int) -> Iterator[tuple[Array, Array, Array]]:
    for run in runs:
        here = between(run.keys, low, high)
        if here.start < here.stop:
            yield run.keys[here], run.rows[here].astype(np.int64) + run.base, run.hosts[here]


def _merged(
    slices: list[tuple[Array, Array, Array]], captured: npt.NDArray[np.int64]
) -> tuple[Array, Array, Array]:
    """Each key once: the row of its earliest capture, and on how many hosts it is."""
    if not slices:
        empty = np.zeros(0, np.uint64)
        return empty, empty.astype(np.uint32), empty.astype(np.uint8)
    keys, rows, hosts = (np.concatenate([part[i] for part in slices]) for i in range(3))
    order = np.lexsort((hosts, keys))
    ranked, standing = keys[order], hosts[order]
    fresh = np.concatenate(([True], ranked[1:] != ranked[:-1]))
    other = fresh | np.concatenate(([True], standing[1:] != standing[:-1]))
    begins = np.flatnonzero(fresh)
    counted = np.minimum(np.add.reduceat(other.astype(np.int64), begins), MOST_HOSTS)
    order = np.lexsort((rows, captured[rows], keys))
    return ranked[begins], rows[order][begins].astype(np.uint32), counted.astype(np.uint8)


class Index:
    """An index that is there; nothing of it is read before it is asked for."""

    def __init__(self, folder: Path, receipt: dict[str, Any]) -> None:
        self.documents: int = receipt["documents"]
        self.bytes = sum(path.stat().st_size for path in folder.iterdir())
        self.bases: Positions = load(folder / "bases.npy")
        self._keys = _mapped(folder / "keys", np.uint64)
        self._rows = _mapped(folder / "rows", np.uint32)
        self._hosts = _mapped(folder / "hosts", np.uint8)
        self._ids = _mapped(folder / "ids", np.uint64)
        self.captured = _mapped(folder / "captured", np.int64)
        self.grades = _mapped(folder / "grades", np.uint8)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, keys: Hashes) -> tuple[Positions, npt.NDArray[np.uint8]]:
        """Per key the row of the earliest capture that has it, or -1, and on how many hosts."""
        rows = np.full(len(keys), -1, dtype=np.int64)
        hosts = np.zeros(len(keys), dtype=np.uint8)
        if len(self._keys) and len(keys):
            order = np.argsort(keys)  # neighbours lie on the same pages
            at = np.searchsorted(self._keys, keys[order])
            at[at == len(self._keys)] = 0
            hit = self._keys[at] == keys[order]
            rows[order[hit]] = self._rows[at[hit]]
            hosts[order[hit]] = self._hosts[at[hit]]
        return rows, hosts

    def id(self, row: int) -> str:
        """The id of a document: hexadecimal SHA-256."""
        return "".join(f"{int(word):016x}" for word in self._ids[4 * row : 4 * row + 4])

    def first_words(self, begin: int, end: int) -> Hashes:
        """The first 64 bits of the ids of some rows."""
        return self._ids[4 * begin : 4 * end : 4].astype(np.uint64)

    def place(self, row: int) -> tuple[int, int]:
        """Which source a document is in, and which of the source's rows that count it is."""
        source = int(np.searchsorted(self.bases, row, side="right")) - 1
        return source, row - int(self.bases[source])


def _mapped(path: Path, kind: type[Any]) -> Array:
    if not path.stat().st_size:
        return np.zeros(0, dtype=kind)
    return np.memmap(path, dtype=kind, mode="r").view(np.ndarray)
