"""What `lowbg tails` and `lowbg report` take for a snapshot of a million documents.

    python -m tests.bench.tails [--documents 1000000] [--keep FOLDER]

One part of generated texts in several languages is annotated as a build would; every other part is
that one under other ids, hosts and years. One document in ten is a copy. `--keep` makes the store
in a folder that stays, or takes the one that is there.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

import archive.sample
from archive import signals
from archive.derived import signals_key
from archive.digest import sha256_file, sha256_hex
from archive.manifest import InputEntry, ObjectRef, Part
from archive.schema import arrow_schema
from archive.store.local import Store
from archive.tables import TableWriter
from tests.bench import measure
from tests.stores import Draft, Row, document, ledger_row, write

PART = 31_250
HOSTS = 20_000
CLUSTER = 4


def base(count: int) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Documents, ledger and signals of one part: words of the bundled sample, page by page."""
    pages = Path(archive.sample.__file__).with_name("pages")
    texts = [path.read_text(encoding="utf-8") for path in sorted(pages.iterdir())]
    words = [[word for word in text.split() if "<" not in word] for text in texts]
    words = [page for page in words if len(page) > 20]
    draw = random.Random(3)
    rows: list[Row] = []
    for offset in range(count):
        size = int(20 + 600 * draw.random() ** 3)
        picked = draw.choices(draw.choice(words), k=size)
        lines = [" ".join(picked[at : at + 12]) for at in range(0, size, 12)]
        rows.append(document("0" * 64, offset, ".\n".join(lines), host=f"h{offset}.example"))
    ledger = [ledger_row("0" * 64, row["offset"], 1, "kept", document=row["id"]) for row in rows]
    documents = pa.Table.from_pylist(rows, schema=arrow_schema("documents"))
    annotated = [signals.compute(batch) for batch in documents.to_batches(max_chunksize=2000)]
    return (
        documents,
        pa.Table.from_pylist(ledger, schema=arrow_schema("ledger")),
        pa.Table.from_batches(annotated),
    )


def make(store: Path, documents: int) -> None:
    """The store with the snapshot `web` of so many documents."""
    draft = Draft(store.with_name(f"{store.name}-draft"))
    count = min(PART, documents)
    tables = base(count)
    every: list[str] = []
    for number in range(-(-documents // count)):
        every += _add_part(draft, tables, number)
    manifest = draft.manifest()
    path = draft.folder / "duplicates"
    copies = write(path, "duplicates", _copies(every), group=100_000)
    draft.staged[copies.sha256] = path
    manifest = replace(manifest, duplicates=copies)
    Store.create(store).commit(manifest, draft.staged, sha256_hex(b"tails"))
    shutil.rmtree(draft.folder)


def _add_part(draft: Draft, tables: tuple[pa.Table, pa.Table, pa.Table], number: int) -> list[str]:
    documents, ledger, annotated = tables
    count = len(documents)
    source = sha256_hex(f"part {number}".encode())
    ids = [hashlib.sha256(f"{number} {i}".encode()).hexdigest() for i in range(count)]
    draw = np.random.default_rng(number)
    hosts = [f"h{n}.example" for n in (HOSTS * draw.random(count) ** 3).astype(int)]
    changed = {"id": ids, "source": [source] * count, "host": hosts}
    documents = _replaced(documents, changed | {"year": draw.integers(1996, 2023, count)})
    ledger = _replaced(ledger, {"source": [source] * count, "document": ids})
    part = Part(
        key=sha256_hex(f"part of {source}".encode()),
        source=source,
        documents=_write(draft, "documents", documents),
        ledger=_write(draft, "ledger", ledger),
        outcomes={"kept": count},
        signals=_write(draft, "signals", _replaced(annotated, {"id": ids})),
        signals_key=signals_key(),
    )
    draft.parts.append(part)
    draft.inputs.append(InputEntry(f"{number}.warc.gz", source, count, count, count, count))
    draft.leaves.add(map(bytes.fromhex, ids))
    return ids


def _replaced(table: pa.Table, columns: dict[str, object]) -> pa.Table:
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        field = table.schema.field(place)
        table = table.set_column(place, field, pa.array(values, field.type))
    return table


def _copies(ids: list[str]) -> list[Row]:
    """One in ten documents in clusters of four: the first, an exact copy, two near ones."""
    ids = ids[: len(ids) // 10 // CLUSTER * CLUSTER]
    return [
        {
            "id": each,
            "cluster": ids[n - n % CLUSTER],
            "kind": (None, "exact", "near", "near")[n % CLUSTER],
            "is_first": n % CLUSTER == 0,
            "similarity": (None, 1.0, 0.95, 0.85)[n % CLUSTER],
        }
        for n, each in enumerate(ids)
    ]


def _write(draft: Draft, table: str, rows: pa.Table) -> ObjectRef:
    path = draft.folder / f"{table}-{len(draft.staged)}"
    writer = TableWriter(table, path, rows.schema)
    for batch in rows.to_batches(max_chunksize=2000):
        writer.add_group(pa.Table.from_batches([batch]))
    ref = writer.close()
    assert ref.sha256 == sha256_file(path)
    draft.staged[ref.sha256] = path
    return ref


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    root = options.keep or Path(tempfile.mkdtemp(prefix="lowbg-tails-"))
    try:
        root.mkdir(parents=True, exist_ok=True)
        store = root / "store"
        if not store.exists():
            make(store, options.documents)
        held = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
        print(f"{options.documents} documents, {held / 1e6:.0f} MB of store")
        print(f"{'':<44}{'seconds':>9}{'CPU s':>8}{'peak MB':>9}")
        for arguments in (
            ("tails", "web", "--cut", "preserve"),
            ("tails", "web", "--cut", "fineweb-2024-04"),
            ("tails", "web", "--cut", "fineweb-2024-04", "--by", "language"),
            ("report", "web", "--out", str(root / "web.html")),
        ):
            cost = measure.run(
                [sys.executable, "-m", "archive", *arguments, "--json", "--store", str(store)]
            )
            shown = " ".join(arguments[:4] if arguments[0] == "tails" else arguments[:2])
            shown += " --by language" if "--by" in arguments else ""
            print(f"{shown:<44}{cost.seconds:>9.1f}{cost.cpu:>8.1f}{cost.peak / 1e6:>9.0f}")
    finally:
        if not options.keep:
            shutil.rmtree(root)


if __name__ == "__main__":
    main()
