"""Small snapshots made by code: valid stores whose documents are all different."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from archive.digest import LeafSorter, row_leaf, sha256_file
from archive.manifest import InputEntry, Manifest, ObjectRef, Part
from archive.schema import IDENTITY, arrow_schema
from archive.store.local import Store

WORDS = ["tide", "harbour", "lantern", "Глаз", "海", "مرسى", "naïve", "🜨", "salt"]
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def document(source: str, number: int) -> dict[str, Any]:
    """A document of input `source`; about one in 50 has an empty text, one in 90 a long one."""
    digest = hashlib.sha256(f"{source} {number}".encode()).digest()
    words = [WORDS[b % len(WORDS)] for b in digest[: digest[0] % 30]]
    text = " ".join([*words, f"{number}"]) if number % 50 else ""
    row: dict[str, Any] = {
        "text": text * 400 if number % 90 == 7 else text,
        "url": f"http://host{number % 7}.example.org/{source[:6]}/{number}",
        "captured_at": EPOCH + dt.timedelta(days=14_000 + number % 900, microseconds=number),
        "payload_digest": f"sha256:{digest.hex()}",
        "source": source,
        "offset": number * 1000,
        "length": 1000,
        "member": None,
        "extractor": "test/1;",
        "record_id": None if number % 3 else f"<urn:test:{number}>",
        "host": f"host{number % 7}.example.org",
        "grade": "consistent",
        "grade_reasons": ["captured before", "digests agree"][: number % 3],
        "digests": "payload matches",
    }
    row["year"] = row["captured_at"].year
    micros = (row["captured_at"] - EPOCH) // dt.timedelta(microseconds=1)
    row["id"] = row_leaf([micros if c == "captured_at" else row[c] for c in IDENTITY]).hex()
    return row


def make_snapshot(
    folder: Path, rows: Sequence[int] = (40, 7, 0, 90), *, group_rows: int = 16, name: str = "web"
) -> tuple[Store, Manifest]:
    """A store with one version; `rows` are the documents of each part, in small row groups."""
    store = Store.create(folder)
    staged: dict[str, Path] = {}
    sources = sorted(hashlib.sha256(f"{name} {i}".encode()).hexdigest() for i in range(len(rows)))
    leaves, parts, inputs = LeafSorter(), [], []
    for number, (source, count) in enumerate(zip(sources, rows, strict=True)):
        made = [document(source, i) for i in range(count)]
        leaves.add(bytes.fromhex(row["id"]) for row in made)
        ledger = [
            {"source": source, "offset": row["offset"], "length": 1000, "type": "response"}
            | {"outcome": "kept", "reason": "", "document": row["id"], "digests": "", "notes": []}
            for row in made
        ]
        documents_ref = _write(store, staged, "documents", made, group_rows)
        ledger_ref = _write(store, staged, "ledger", ledger, group_rows)
        key = hashlib.sha256(f"part {source}".encode()).hexdigest()
        outcomes = {"kept": count} if count else {}
        parts.append(Part(key, source, documents_ref, ledger_ref, outcomes))
        size = count * 1000
        inputs.append(InputEntry(f"{number}.warc", source, size, size, count, count))
    draft = Manifest(
        name=name,
        version=0,
        parent=None,
        created="2026-11-22T16:00:00Z",
        content_root=leaves.root(),
        documents=sum(rows),
        records=sum(rows),
        outcomes={"kept": sum(rows)},
        bytes_in=sum(rows) * 1000,
        recipe={"extractor": "test", "before": "2022-11-30", "era": "chatgpt"},
        inputs=tuple(inputs),
        parts=tuple(parts),
        revisits=_write(store, staged, "revisits", [], group_rows),
    )
    return store, store.commit(draft, staged, "test")


def _write(
    store: Store, staged: dict[str, Path], table: str, rows: list[dict[str, Any]], group_rows: int
) -> ObjectRef:
    path = store.work / f"{secrets.token_hex(8)}.parquet"
    made = pa.Table.from_pylist(rows, schema=arrow_schema(table))
    pq.write_table(made, path, row_group_size=group_rows, compression="zstd",
                   write_page_checksum=True, store_schema=False)  # fmt: skip
    ref = ObjectRef(sha256_file(path), path.stat().st_size, len(rows))
    staged[ref.sha256] = path
    return ref


def all_documents(store: Store, manifest: Manifest) -> list[dict[str, Any]]:
    """The documents of a snapshot in canonical order, read without the feed."""
    tables = [pq.read_table(store.check(part.documents)) for part in manifest.parts]
    return [row for table in tables for row in table.to_pylist()]
