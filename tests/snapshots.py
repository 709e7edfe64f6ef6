"""Snapshots with the rows that a test wants to ask about, committed to a real store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from archive import schema
from archive.digest import LeafSorter, row_leaf, sha256_file, sha256_hex
from archive.manifest import InputEntry, Manifest, ObjectRef, Part
from archive.records import NOT_RECORDS
from archive.store import Store

CAPTURED = datetime(2008, 4, 30, 20, 48, 25, tzinfo=UTC)
_FILLERS: dict[str, Any] = {
    "string": "",
    "int64": 0,
    "int32": 0,
    "timestamp": CAPTURED,
    "list<string>": [],
}


@dataclass(frozen=True)
class Page:
    """One captured page; its host, year and so on follow."""

    url: str
    text: str
    captured_at: datetime = CAPTURED


@dataclass(frozen=True)
class Revisit:
    """One revisit record, and the url of the page that the snapshot resolves it to, if it does."""

    url: str
    resolved: str | None = None


Records = Sequence[Page | Revisit]


def commit(root: Path, inputs: Mapping[str, Records], name: str = "web") -> Manifest:
    """The next version of a snapshot, made of these records of these inputs."""
    store = Store.create(root)
    staged: dict[str, Path] = {}
    documents = [
        _document(input_name, n, record)
        for input_name, records in inputs.items()
        for n, record in enumerate(records)
        if isinstance(record, Page)
    ]
    revisits = _revisits(inputs, {row["url"]: row["id"] for row in documents})
    parts = [
        _part(store, staged, input_name, records, documents)
        for input_name, records in inputs.items()
    ]
    outcomes = sum((Counter(part.outcomes) for part in parts), Counter[str]())
    unresolved = sum(row["document"] is None for row in revisits)
    leaves = LeafSorter()
    leaves.add(bytes.fromhex(row["id"]) for row in documents)
    draft = Manifest(
        name=name,
        version=0,
        parent=None,
        created="2026-11-22T12:00:00Z",
        content_root=leaves.root(),
        documents=len(documents),
        records=sum(n for o, n in outcomes.items() if o not in NOT_RECORDS),
        outcomes=dict(+(outcomes - Counter(revisit=unresolved) + Counter(unresolved=unresolved))),
        bytes_in=sum(100 * len(records) for records in inputs.values()),
        recipe={"extractor": "none", "before": "2022-11-30", "versions": {}},
        inputs=tuple(
            InputEntry(
                name=input_name,
                source=_source(input_name),
                bytes=100 * len(records),
                accounted=100 * len(records),
                records=len(records),
                documents=sum(isinstance(record, Page) for record in records),
            )
            for input_name, records in inputs.items()
        ),
        parts=tuple(parts),
        revisits=_write(store, staged, "revisits", revisits),
    )
    return store.commit(draft, staged, sha256_hex(repr(inputs).encode()))


def _source(input_name: str) -> str:
    return sha256_hex(input_name.encode())


def _document(input_name: str, number: int, page: Page) -> dict[str, Any]:
    row = {
        column.name: None if column.nullable else _FILLERS[column.type]
        for column in schema.DOCUMENTS
    }
    row |= {
        "text": page.text,
        "url": page.url,
        "captured_at": page.captured_at,
        "payload_digest": f"sha256:{sha256_hex(page.text.encode())}",
        "source": _source(input_name),
        "offset": 100 * number,
        "length": 100,
        "extractor": "none/1",
        "year": page.captured_at.year,
        "host": page.url.split("/")[2],
        "grade": "consistent",
    }
    micros = int(page.captured_at.timestamp() * 1_000_000)
    identity = [micros if n == "captured_at" else row[n] for n in schema.IDENTITY]
    return row | {"id": row_leaf(identity).hex()}


def _revisits(inputs: Mapping[str, Records], ids: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "source": _source(input_name),
            "offset": 100 * number,
            "document": ids[record.resolved] if record.resolved else None,
            "by": "record-id" if record.resolved else None,
        }
        for input_name, records in inputs.items()
        for number, record in enumerate(records)
        if isinstance(record, Revisit)
    ]


def _part(
    store: Store,
    staged: dict[str, Path],
    input_name: str,
    records: Records,
    documents: list[dict[str, Any]],
) -> Part:
    source = _source(input_name)
    own = {row["offset"]: row["id"] for row in documents if row["source"] == source}
    ledger: list[dict[str, Any]] = [
        {
            "source": source,
            "offset": 100 * number,
            "length": 100,
            "type": "response" if isinstance(record, Page) else "revisit",
            "outcome": "kept" if isinstance(record, Page) else "revisit",
            "reason": "",
            "document": own.get(100 * number),
            "url": record.url,
            "digests": "",
            "notes": [],
        }
        for number, record in enumerate(records)
    ]
    kept = [row for row in documents if row["source"] == source]
    return Part(
        key=sha256_hex(repr((input_name, records)).encode()),
        source=source,
        documents=_write(store, staged, "documents", kept),
        ledger=_write(store, staged, "ledger", ledger),
        outcomes=dict(Counter(str(row["outcome"]) for row in ledger)),
    )


def _write(
    store: Store, staged: dict[str, Path], table: str, rows: list[dict[str, Any]]
) -> ObjectRef:
    folder = store.root / "work" / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"test-{len(staged)}-{table}.parquet"
    arrow = pa.Table.from_pylist(rows, schema=schema.arrow_schema(table))
    pq.write_table(arrow, path, store_schema=False, write_page_checksum=True)
    ref = ObjectRef(sha256_file(path), path.stat().st_size, len(rows))
    if staged.setdefault(ref.sha256, path) != path:
        path.unlink()
    return ref
