"""Makes small valid stores without the pipeline: tables straight from the schema."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from archive.digest import LeafSorter, row_leaf, sha256_file, sha256_hex
from archive.manifest import UNRESOLVED, InputEntry, Manifest, ObjectRef, Part
from archive.records import NOT_RECORDS
from archive.schema import IDENTITY, arrow_schema
from archive.store.local import Store

Row = dict[str, Any]
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
SOME = dt.datetime(2008, 4, 30, 20, 48, 25, 123456, tzinfo=dt.UTC)


def microseconds(time: dt.datetime) -> int:
    return (time - EPOCH) // dt.timedelta(microseconds=1)


def leaf(row: Row) -> bytes:
    """The leaf of a documents row, by the readable reference."""
    values = (row[name] for name in IDENTITY)
    return row_leaf(microseconds(v) if isinstance(v, dt.datetime) else v for v in values)


def document(source: str, offset: int, text: str, **other: Any) -> Row:
    """A documents row with everything that must be there; `other` replaces columns."""
    row: Row = dict.fromkeys(arrow_schema("documents").names)
    row |= {
        "text": text,
        "url": f"http://example.org/{offset}",
        "captured_at": SOME,
        "payload_digest": f"sha256:{sha256_hex(text.encode(errors='replace'))}",
        "source": source,
        "offset": offset,
        "length": 100,
        "extractor": "plain/1",
        "year": 2008,
        "host": "example.org",
        "digests": "none",
        "grade": "claimed",
        "grade_reasons": ["capture date alone"],
    }
    row |= other
    return {**row, "id": leaf(row).hex()}


def ledger_row(source: str, offset: int, length: int, outcome: str, **other: Any) -> Row:
    row: Row = dict.fromkeys(arrow_schema("ledger").names)
    row |= {"source": source, "offset": offset, "length": length, "type": "response"}
    return row | {"outcome": outcome, "reason": "", "digests": "none", "notes": []} | other


def write(path: Path, table: str, rows: Sequence[Row], group: int = 64) -> ObjectRef:
    """Writes rows as the builder would: the plainest Parquet that checks itself."""
    pq.write_table(
        pa.Table.from_pylist(list(rows), schema=arrow_schema(table)),
        path,
        row_group_size=group,
        compression="zstd",
        compression_level=3,
        version="2.6",
        data_page_version="1.0",
        store_schema=False,
        write_page_checksum=True,
    )
    return ObjectRef(sha256_file(path), path.stat().st_size, len(rows))


class Draft:
    """The parts of a snapshot to be; `commit` makes it the next version in a store."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.staged: dict[str, Path] = {}
        self.parts: list[Part] = []
        self.inputs: list[InputEntry] = []
        self.revisits: list[Row] = []
        self.leaves = LeafSorter()
        self.recipe: dict[str, Any] = {"extractor": "plain", "attest": None}

    def stage(self, table: str, rows: Sequence[Row]) -> ObjectRef:
        path = self.folder / f"{table}-{len(self.parts)}"
        ref = write(path, table, rows)
        self.staged[ref.sha256] = path
        return ref

    def add_part(
        self, name: str, source: str, size: int, documents: Sequence[Row], ledger: Sequence[Row]
    ) -> None:
        outcomes = Counter(row["outcome"] for row in ledger)
        self.leaves.add(leaf(row) for row in documents)
        part = Part(
            key=sha256_hex(f"part of {source}".encode()),
            source=source,
            documents=self.stage("documents", documents),
            ledger=self.stage("ledger", ledger),
            outcomes=dict(outcomes),
        )
        self.parts.append(part)
        records = sum(n for outcome, n in outcomes.items() if outcome not in NOT_RECORDS)
        entry = InputEntry(name, source, size, size, records, len(documents))
        self.inputs.append(entry)

    def keep(self, data: bytes) -> str:
        """Stages bytes that are an object as they are."""
        sha256 = sha256_hex(data)
        path = self.folder / sha256
        path.write_bytes(data)
        self.staged[sha256] = path
        return sha256

    def manifest(self, name: str = "web") -> Manifest:
        outcomes: Counter[str] = Counter()
        for part in self.parts:
            outcomes.update(part.outcomes)
        records = sum(n for outcome, n in outcomes.items() if outcome not in NOT_RECORDS)
        revisits = self.stage("revisits", self.revisits)
        if unresolved := sum(row["matched_by"] is None for row in self.revisits):
            outcomes["revisit"] -= unresolved
            outcomes[UNRESOLVED] = unresolved
        return Manifest(
            name=name,
            version=0,
            parent=None,
            created="2026-11-22T16:00:00+00:00",
            content_root=self.leaves.root(),
            documents=sum(part.documents.rows for part in self.parts),
            records=records,
            outcomes={outcome: n for outcome, n in outcomes.items() if n},
            bytes_in=sum(entry.bytes for entry in self.inputs),
            recipe=self.recipe,
            inputs=tuple(self.inputs),
            parts=tuple(self.parts),
            revisits=revisits,
        )

    def commit(self, store: Store, name: str = "web") -> Manifest:
        return store.commit(self.manifest(name), self.staged, sha256_hex(str(self.folder).encode()))


def fill(draft: Draft, documents: int, parts: int, seed: int = 0) -> Draft:
    """Adds parts with every sort of ledger row: kept, padding, a shared member, revisits."""
    for number in range(parts):
        name = f"crawl-{seed}-{number}.warc.gz"
        source = sha256_hex(name.encode())
        rows: list[Row] = []
        ledger: list[Row] = []
        offset = 0
        for i in range(documents // parts):
            row = document(source, offset, f"Text {i} of {name} \N{SNOWMAN}\0 é" * (i % 7))
            rows.append(row)
            ledger.append(ledger_row(source, offset, 100, "kept", document=row["id"]))
            ledger.append(ledger_row(source, offset + 100, 7, "padding", type=""))
            offset += 107
        member = offset
        rows.append(document(source, 0, "in a member", member=member))
        ledger.append(ledger_row(source, 0, 100, "kept", document=rows[-1]["id"], member=member))
        ledger.append(ledger_row(source, 100, 40, "supporting", member=member))
        ledger.append(ledger_row(source, member, 60, "container", type=""))
        offset += 60
        for by, target in (("record-id", rows[0]["id"]), (None, None)):
            ledger.append(ledger_row(source, offset, 50, "revisit", type="revisit"))
            revisit: Row = dict.fromkeys(arrow_schema("revisits").names)
            draft.revisits.append(
                revisit | {"source": source, "offset": offset, "matched_by": by, "document": target}
            )
            offset += 50
        draft.add_part(name, source, offset, rows, ledger)
    return draft


def make_store(
    folder: Path, documents: int = 60, parts: int = 3, versions: int = 1, name: str = "web"
) -> Store:
    """A valid store at `folder`/store with a kept original and an attest list."""
    store = Store.create(folder / "store")
    for version in range(versions):
        draft = fill(Draft(folder / f"staged-{version}"), documents, parts, seed=version)
        add_kept(draft, b"An input that is no web archive, but kept.\n" * (version + 1))
        draft.recipe["attest"] = draft.keep(b"sha256:00  a.warc.gz\n")
        draft.commit(store, name)
    return store


def add_kept(draft: Draft, data: bytes) -> None:
    """Adds an input whose bytes are kept as an object."""
    source = draft.keep(data)
    ledger = [ledger_row(source, 0, len(data), "unrecognised", type="")]
    draft.add_part("notes.txt", source, len(data), [], ledger)
    entry = draft.inputs.pop()
    draft.inputs.append(
        InputEntry(entry.name, source, len(data), len(data), 1, 0, duplicate_of=None, kept=True)
    )
    assert hashlib.sha256(data).hexdigest() == source
