"""The stage `duplicates-sign`: what a part says about its texts, as sorted runs.

A run covers at most RUN_ROWS documents of one part, in their order, whatever the size of the part:

    captured, ids, texts   per document: time, id, SHA-256 of the text (as four 64-bit words)
    text_keys, text_rows   first word of the text's hash, sorted, and the document's row
    band_keys, band_rows   64-bit hash of each band of the signature, sorted, and the row
    sketch                 one byte of each place of the signature, to estimate similarity by

Runs depend on the part alone, so they are kept in a cache and serve every later version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from archive.digest import canonical_json, sha256_hex
from archive.duplicates.files import Array, Words, save, staged
from archive.duplicates.options import Options, PartFiles
from archive.errors import CheckFailed
from archive.signals.hashing import mix
from archive.signals.minhash import PERMUTATIONS

RUN_ROWS: Final = 1 << 16
BATCH_ROWS: Final = 1 << 10
SPREAD: Final = np.uint32(0x9E3779B1)  # odd: moves every bit of a place into its top byte


def sign_task(part: PartFiles, options: Options, cache: Path) -> dict[str, Any]:
    return {
        "name": part.key,
        "documents": str(part.documents),
        "signals": str(part.signals),
        "options": options.signing(),
        "out": str(cache / "runs" / options_key(options) / part.key),
    }


def options_key(options: Options) -> str:
    return sha256_hex(canonical_json(options.signing()))[:16]


def sign(task: dict[str, Any], report: Callable[[int], None]) -> dict[str, Any]:
    """Writes the runs of one part. The receipt's `rows` are the sizes of the runs, in order.

    Holds one run at a time: about 1 KiB a document, 70 MiB, and a row group of the part.
    """
    spec = {"part": task["name"], "options": task["options"]}

    def make(aside: Path) -> dict[str, Any]:
        rows = []
        for columns in _runs(task):
            rows.append(len(columns["captured"]))
            _write_run(aside, len(rows) - 1, columns, task["options"])
            report(rows[-1])
        return {"rows": rows}

    return staged(Path(task["out"]), spec, make)


def _write_run(
    folder: Path, number: int, columns: dict[str, Array], options: dict[str, Any]
) -> None:
    signatures = columns.pop("minhash")
    keys = band_keys(signatures, options["bands"], options["rows"])
    band_order = np.argsort(keys, kind="stable")
    text_order = np.argsort(columns["texts"][:, 0], kind="stable")
    arrays = {
        **columns,
        "text_keys": columns["texts"][text_order, 0],
        "text_rows": text_order.astype(np.uint32),
        "band_keys": keys[band_order],
        "band_rows": (band_order % max(1, len(signatures))).astype(np.uint32),
        "sketch": ((signatures * SPREAD) >> np.uint32(24)).astype(np.uint8),
    }
    save(folder, **{f"{number:04d}-{name}": array for name, array in arrays.items()})


def band_keys(signatures: Array, bands: int, rows: int) -> Words:
    """The hash of each band of each signature, band by band."""
    keys = np.empty((bands, len(signatures)), dtype=np.uint64)
    for band in range(bands):
        hashes = np.full(len(signatures), band + 1, dtype=np.uint64)
        for place in range(band * rows, (band + 1) * rows):
            hashes = mix(hashes ^ mix(signatures[:, place].astype(np.uint64)))
        keys[band] = hashes
    return keys.ravel()


def _runs(task: dict[str, Any]) -> Iterator[dict[str, Array]]:
    """The columns of each run, gathered from small batches so that few texts are held at once."""
    held: list[dict[str, Array]] = []
    count = 0
    for batch in _batches(task):
        while count + len(batch["captured"]) > RUN_ROWS:
            room = RUN_ROWS - count
            held.append({name: values[:room] for name, values in batch.items()})
            batch = {name: values[room:] for name, values in batch.items()}
            yield _joined(held)
            held, count = [], 0
        held.append(batch)
        count += len(batch["captured"])
    if count:
        yield _joined(held)


def _joined(batches: list[dict[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([b[name] for b in batches]) for name in batches[0]}


def _batches(task: dict[str, Any]) -> Iterator[dict[str, Array]]:
    signatures = _Signatures(Path(task["signals"]))
    documents = pq.ParquetFile(task["documents"])
    for batch in documents.iter_batches(BATCH_ROWS, columns=["id", "captured_at", "text"]):
        texts = [hashlib.sha256(text.encode()).digest() for text in batch["text"].to_pylist()]
        times = batch["captured_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
        ids = batch["id"].to_pylist()
        yield {
            "captured": times.to_numpy(zero_copy_only=False),
            "ids": as_words([bytes.fromhex(each) for each in ids]),
            "texts": as_words(texts),
            "minhash": signatures.of(ids),
        }


def as_words(digests: list[bytes]) -> Words:
    """32-byte digests as rows of four words that compare as the bytes do."""
    return np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64).reshape(-1, 4)


class _Signatures:
    """The signatures of a signals table, given out in the order of the documents.

    Streamed while the tables have one order, as they are written; else held in memory.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = pq.ParquetFile(path)
        self._stream = self._file.iter_batches(BATCH_ROWS, columns=["id", "minhash"])
        self._ids: list[str] = []
        self._held: list[bytes | None] = []
        self._all: dict[str, bytes | None] | None = None

    def of(self, ids: list[str]) -> Array:
        """One row of PERMUTATIONS places for each id. Raises CheckFailed for one without."""
        found = self._next(ids) if self._all is None else [self._all.get(each) for each in ids]
        for document, signature in zip(ids, found, strict=True):
            if signature is None or len(signature) != PERMUTATIONS * 4:
                raise CheckFailed(
                    f"{self._path.name}: no signature of {PERMUTATIONS} places for {document}",
                    next_step="the signals are not of these documents: compute them again",
                )
        joined = b"".join(row for row in found if row is not None)
        return np.frombuffer(joined, dtype="<u4").reshape(-1, PERMUTATIONS)

    def _next(self, ids: list[str]) -> list[bytes | None]:
        while len(self._ids) < len(ids) and (batch := next(self._stream, None)) is not None:
            self._ids += batch["id"].to_pylist()
            self._held += batch["minhash"].to_pylist()
        if self._ids[: len(ids)] != ids:
            table = self._file.read(columns=["id", "minhash"])
            columns = (table["id"].to_pylist(), table["minhash"].to_pylist())
            self._all = dict(zip(*columns, strict=True))
            return [self._all.get(each) for each in ids]
        found = self._held[: len(ids)]
        self._ids, self._held = self._ids[len(ids) :], self._held[len(ids) :]
        return found
