"""All documents of a run of `find`, numbered: rows as the parts lie, ranks as firstness goes.

A document's rank is its place in the order of (captured_at, id) over the whole snapshot. From here
on documents are ranks: the first of any set is its smallest number, whatever part it came from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from archive.digest import canonical_json
from archive.duplicates.files import Array, Ranks, Words, load, save, staged
from archive.errors import CheckFailed, EnvironmentFailed

MOST_DOCUMENTS: Final = 1 << 32
"""A pair of documents is one 64-bit number, so a rank has 32 bits."""

MOST_MAPPED: Final = 1 << 13
"""Files mapped at once; Linux allows a process 65,530."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its arrays are `folder/number-name.npy`; its documents are rows from `base` on."""

    folder: str
    number: int
    base: int
    rows: int

    def array(self, name: str) -> Array:
        return load(Path(self.folder) / f"{self.number:04d}-{name}.npy")


@dataclass(frozen=True, slots=True)
class Piece:
    """Where documents of a run are: `rows` of a table, from its row `first` on."""

    documents: str
    first: int
    rows: int


Laid = tuple[Run, list[Piece]]
"""A run and where its documents are, in their order."""


class Corpus:
    """The runs of all parts, and the two arrays between rows and ranks, read from a folder."""

    def __init__(self, folder: Path) -> None:
        self.runs = [Run(**fields) for fields in json.loads((folder / "runs.json").read_bytes())]
        self.bases = np.array([run.base for run in self.runs], dtype=np.int64)
        self.rank: Ranks = load(folder / "rank.npy")
        self.row: Ranks = load(folder / "row.npy")
        self._folder = folder
        self._mapped: dict[tuple[int, str], Array] = {}

    def pieces(self, index: int) -> list[Piece]:
        """Where the documents of a run are. Read from a file of its own: few tasks ask."""
        listed = json.loads((self._folder / "pieces.json").read_bytes())
        return [Piece(*piece) for piece in listed[index]]

    def __len__(self) -> int:
        return len(self.rank)

    def ranks_of(self, run: Run) -> Ranks:
        return self.rank[run.base : run.base + run.rows]

    def places(self, rows: Array) -> Iterator[tuple[Run, Array, Array]]:
        """Each run that has some of the rows: where they stand in `rows`, and which in the run."""
        owner = np.searchsorted(self.bases, rows, side="right") - 1
        order = np.argsort(owner, kind="stable")
        cuts = np.flatnonzero(np.diff(owner[order])) + 1
        for where in np.split(order, cuts) if len(rows) else []:
            run = self.runs[int(owner[where[0]])]
            yield run, where, rows[where].astype(np.int64) - run.base

    def gather(self, name: str, rows: Array) -> Array:
        """An array of the runs, at these rows."""
        gathered: Array | None = None
        for run, where, local in self.places(rows):
            values = self._array(run, name)
            if gathered is None:
                gathered = np.empty((len(rows), *values.shape[1:]), dtype=values.dtype)
            gathered[where] = values[local]
        return np.empty(0) if gathered is None else gathered

    def _array(self, run: Run, name: str) -> Array:
        """An array of a run, kept mapped for the next time."""
        if (run.base, name) not in self._mapped:
            if len(self._mapped) >= MOST_MAPPED:
                self._mapped.clear()
            self._mapped[run.base, name] = run.array(name)
        return self._mapped[run.base, name]


def number(laid: Sequence[Laid], folder: Path, key: str) -> Corpus:
    """Writes and opens the corpus of these runs.

    Holds 40 bytes a document while it sorts. Raises CheckFailed where two documents have one id.
    """
    runs = [run for run, _ in laid]
    total = sum(run.rows for run in runs)
    if total >= MOST_DOCUMENTS:
        raise EnvironmentFailed(
            f"{total} documents: duplicates are found among at most {MOST_DOCUMENTS - 1}",
            next_step="find duplicates per crawl, or give pairs of ranks more than 64 bits",
        )

    def make(aside: Path) -> dict[str, Any]:
        (aside / "runs.json").write_bytes(canonical_json([asdict(run) for run in runs]))
        pieces = [[list(astuple(piece)) for piece in pieces] for _, pieces in laid]
        (aside / "pieces.json").write_bytes(canonical_json(pieces))
        row = _in_order(runs, total)
        rank = np.empty(total, dtype=np.uint32)
        rank[row] = np.arange(total, dtype=np.uint32)
        save(aside, row=row, rank=rank)
        return {"documents": total}

    staged(folder, {"run": key, "runs": [asdict(run) for run in runs]}, make)
    return Corpus(folder)


def layout(signed: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> list[Laid]:
    """The runs of (task, receipt) of every part, in the order of the parts' keys."""
    laid, base = [], 0
    for task, receipt in sorted(signed, key=lambda pair: str(pair[0]["name"])):
        first = 0
        for index, rows in enumerate(receipt["rows"]):
            piece = Piece(task["documents"], first, rows)
            laid.append((Run(task["out"], index, base, rows), [piece]))
            base, first = base + rows, first + rows
    return laid


def _in_order(runs: Sequence[Run], total: int) -> Ranks:
    """Rows in the order of (captured_at, id)."""
    captured = np.empty(total, dtype=np.int64)
    first = np.empty(total, dtype=np.uint64)
    for run in runs:
        captured[run.base : run.base + run.rows] = run.array("captured")
        first[run.base : run.base + run.rows] = run.array("ids")[:, 0]
    row = np.lexsort((first, captured))
    # Equal in time and in 64 bits of the id: hardly ever, but then the rest of the id decides.
    tied = (captured[row[1:]] == captured[row[:-1]]) & (first[row[1:]] == first[row[:-1]])
    if tied.any():
        _settle(row, np.flatnonzero(tied), runs)
    return row.astype(np.uint32)


def _settle(row: Array, tied: Array, runs: Sequence[Run]) -> None:
    bases = [run.base for run in runs]

    def whole(place: int) -> tuple[int, ...]:
        run = runs[int(np.searchsorted(bases, place, side="right")) - 1]
        words: Words = run.array("ids")[place - run.base]
        return tuple(int(word) for word in words)

    for stretch in np.split(tied, np.flatnonzero(np.diff(tied) > 1) + 1):
        low, high = int(stretch[0]), int(stretch[-1]) + 2
        ranked = sorted((whole(int(place)), int(place)) for place in row[low:high])
        for (one, _), (other, _) in pairwise(ranked):
            if one == other:
                shown = "".join(f"{word:016x}" for word in one)
                raise CheckFailed(
                    f"two documents have the id {shown}",
                    next_step="a part was handed over twice: give every part once",
                )
        row[low:high] = [place for _, place in ranked]
