"""The stage that reads one file of documents for an index: sorted runs of keys, and facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from archive.audit.letters import BAND, Letters
from archive.audit.options import STANDINGS, Matching
from archive.duplicates import Options
from archive.duplicates.files import Array, load, save, staged
from archive.duplicates.runs import as_words, band_keys
from archive.signals import views
from archive.signals.hashing import Hashes, mix, of_text
from archive.signals.minhash import PERMUTATIONS, shingles, signatures

FACTS: Final = ("ids", "captured", "grades")
"""Per document: its id as four 64-bit words, its time in microseconds, its grade's number."""

_NO_FACTS: Final[dict[str, Array]] = {
    "ids": np.zeros((0, 4), np.uint64),
    "captured": np.zeros(0, np.int64),
    "grades": np.zeros(0, np.uint8),
}

COLUMNS: Final = ("id", "text", "host", "registered_domain", "captured_at", "grade")

RUN_KEYS: Final = 1 << 19
BATCH_ROWS: Final = 256
BATCH_CHARACTERS: Final = 1 << 18
"""Cut and hashed at once: its arrays stay near the processor."""

Entries = tuple[Hashes, npt.NDArray[np.uint32], npt.NDArray[np.uint32]]
"""Keys, the rows they are of, and the hash of each row's host."""


def sign(task: dict[str, Any], report: Callable[[int], None]) -> dict[str, Any]:
    """Writes the runs of one file. Holds a run at a time, some 20 MiB, and a batch of texts."""
    spec = {"part": task["name"], "matching": task["indexing"]}
    matching = Matching(letters=task["letters"], window=task["window"])

    def make(aside: Path) -> dict[str, Any]:
        facts: dict[str, list[Array]] = {name: [] for name in FACTS}
        held: list[Entries] = []
        runs = rows = count = 0
        for batch, bands in _batches(task):
            for name, values in _facts(batch).items():
                facts[name].append(values)
            for entries in _entries(batch, bands, rows, matching):
                held.append(entries)
                count += len(entries[0])
            rows += len(batch)
            report(batch.nbytes)
            if count >= RUN_KEYS:
                _write_run(aside, runs, held)
                held, count, runs = [], 0, runs + 1
        if count:
            _write_run(aside, runs, held)
        save(aside, **{name: np.concatenate([_NO_FACTS[name], *facts[name]]) for name in FACTS})
        return {"documents": rows}

    return staged(Path(task["out"]), spec, make)


def bands(signed: npt.NDArray[np.uint32]) -> Hashes:
    """The keys of the bands of MinHash signatures (n, PERMUTATIONS): those of text i at i, n + i,
    2 n + i, ..."""
    options = Options()
    return mix(band_keys(signed, options.bands, options.rows) ^ BAND)


def _write_run(folder: Path, number: int, held: list[Entries]) -> None:
    keys, rows, hosts = (np.concatenate([entries[i] for entries in held]) for i in range(3))
    order = np.argsort(keys, kind="stable")
    arrays = {"keys": keys[order], "rows": rows[order], "hosts": hosts[order]}
    save(folder, **{f"{number:06d}-{name}": array for name, array in arrays.items()})


def _facts(batch: pa.RecordBatch) -> dict[str, Array]:
    times = batch["captured_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    ids = [bytes.fromhex(each) for each in batch["id"].to_pylist()]
    return {
        "ids": as_words(ids),
        "captured": times.to_numpy(zero_copy_only=False),
        "grades": np.array([STANDINGS.index(g) for g in batch["grade"].to_pylist()], np.uint8),
    }


def _entries(
    batch: pa.RecordBatch, signed: Hashes, base: int, matching: Matching
) -> Iterator[Entries]:
    """All keys of a batch whose first document is row `base` of those that count."""
    named = zip(batch["registered_domain"].to_pylist(), batch["host"].to_pylist(), strict=True)
    hosts = np.array([of_text(domain or host or "") & 0xFFFFFFFF for domain, host in named])
    hosts = hosts.astype(np.uint32)
    texts: list[str] = batch["text"].to_pylist()
    for begin, end in _stretches([len(text) for text in texts]):
        letters = Letters.of(texts[begin:end])
        starts, keys = letters.passages(matching)
        owner = np.searchsorted(letters.bounds, starts, side="right") - 1 + begin
        yield keys, (owner + base).astype(np.uint32), hosts[owner]
        long = np.flatnonzero(letters.sizes >= matching.letters)
        yield letters.wholes()[long], (long + begin + base).astype(np.uint32), hosts[long + begin]
    owner = np.arange(len(signed)) % max(1, len(texts))
    yield signed, (owner + base).astype(np.uint32), hosts[owner]


def _stretches(sizes: list[int]) -> Iterator[tuple[int, int]]:
    """Texts of about BATCH_CHARACTERS together, as (first, after the last)."""
    begin = held = 0
    for at, size in enumerate(sizes):
        if held and held + size > BATCH_CHARACTERS:
            yield begin, at
            begin, held = at, 0
        held += size
    if begin < len(sizes):
        yield begin, len(sizes)


def _batches(task: dict[str, Any]) -> Iterator[tuple[pa.RecordBatch, Hashes]]:
    """The documents that count, in order, each batch with the keys of its signatures' bands."""
    kept = load(Path(task["rows"])) if task["rows"] else None
    signals = Path(task["signals"]) if task["signals"] else None
    beside = Beside(signals, ("id", "minhash"))
    file = pq.ParquetFile(task["documents"], page_checksum_verification=True)
    at = 0
    for group in range(file.num_row_groups):
        end = at + file.metadata.row_group(group).num_rows
        if kept is not None and np.searchsorted(kept, at) == np.searchsorted(kept, end):
            beside.next(end - at)
            at = end
            continue
        for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], columns=list(COLUMNS)):
            signed, begin = beside.next(len(batch)), at
            at += len(batch)
            if kept is not None:
                low, high = np.searchsorted(kept, [begin, at])
                chosen = pa.array(kept[low:high] - begin)
                batch = batch.take(chosen)
                signed = signed.take(chosen) if signed is not None else None
            if len(batch):
                yield batch, bands(_signatures(batch, signed))


class Beside:
    """Rows of a table of signals, handed out as many at a time as documents are."""

    def __init__(self, path: Path | None, columns: Sequence[str]) -> None:
        file = pq.ParquetFile(path, page_checksum_verification=True) if path else None
        self._batches = file.iter_batches(BATCH_ROWS, columns=list(columns)) if file else None
        self._held: list[pa.RecordBatch] = []

    def next(self, count: int) -> pa.Table | None:
        """The next `count` rows; None where there are no more."""
        if self._batches is None:
            return None
        while sum(map(len, self._held)) < count:
            more = next(self._batches, None)
            if more is None:
                self._batches = None
                return None
            self._held.append(more)
        table = pa.Table.from_batches(self._held)
        self._held = table.slice(count).to_batches()
        return table.slice(0, count)


def _signatures(batch: pa.RecordBatch, beside: pa.Table | None) -> npt.NDArray[np.uint32]:
    """One row of PERMUTATIONS for each document: as stored beside it, else made of its text."""
    if beside is not None and beside["id"].to_pylist() == batch["id"].to_pylist():
        joined = b"".join(row or b"" for row in beside["minhash"].to_pylist())
        if len(joined) == 4 * PERMUTATIONS * len(batch):
            return np.frombuffer(joined, dtype="<u4").reshape(-1, PERMUTATIONS)
    made = [signatures(*shingles(view)) for view in views(batch["text"].to_pylist())]
    return np.concatenate(made)
