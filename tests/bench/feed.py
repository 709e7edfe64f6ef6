"""Documents a second into one process, against plain `datasets` and mosaicml-streaming.

    python -m tests.bench.feed [DOCUMENTS]

Everybody reads the same texts in the same run, one after the other, each in a fresh process: this
feed from a store, with every file's SHA-256 and every page's checksum verified; `datasets` from the
same Parquet files, verifying nothing; mosaicml-streaming from an MDS export of them, verifying
nothing. On a machine that others use too, believe the column of CPU seconds, which has those of
imports in it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tests import peers
from tests.bench import measure

PARTS = 8
SEED = 7


def words() -> list[str]:
    """Words of the bundled sample's pages, in many scripts."""
    pages = Path(__file__).parents[2] / "archive" / "sample" / "pages"
    texts = (path.read_text(encoding="utf-8", errors="ignore") for path in sorted(pages.iterdir()))
    return [word for text in texts for word in text.split() if "<" not in word]


def make_store(folder: str, documents: str) -> dict[str, int]:
    """A store of documents of 0.5 to 6 kB; written by the project's own writer of parts."""
    import random

    from archive.digest import LeafSorter
    from archive.manifest import InputEntry, Manifest, Part
    from archive.store.local import Store
    from archive.tables import TableWriter
    from tests.feed.snapshots import document

    store, known, choice = Store.create(Path(folder)), words(), random.Random(SEED)
    leaves, parts, inputs, staged = LeafSorter(), [], [], {}
    per_part = int(documents) // PARTS
    for number in range(PARTS):
        source = f"{number:064x}"
        writers = {
            table: TableWriter(table, store.work / f"{number}-{table}")
            for table in ("documents", "ledger")
        }
        for row in range(per_part):
            made = document(source, row)
            count = choice.randrange(60, 900)
            made["text"] = " ".join(choice.choices(known, k=count))
            leaves.add([bytes.fromhex(made["id"])])
            writers["documents"].add(made)
            writers["ledger"].add(
                {"source": source, "offset": row * 1000, "length": 1000, "outcome": "kept"}
                | {"type": "response", "reason": "", "digests": "", "notes": []}
            )
        refs = {table: writer.close() for table, writer in writers.items()}
        for table, ref in refs.items():
            staged[ref.sha256] = store.work / f"{number}-{table}"
        key = f"{number:064x}"
        parts.append(Part(key, source, refs["documents"], refs["ledger"], {"kept": per_part}))
        size = per_part * 1000
        inputs.append(InputEntry(f"{number}.warc", source, size, size, per_part, per_part))
    revisits = TableWriter("revisits", store.work / "revisits")
    revisits_ref = revisits.close()
    staged[revisits_ref.sha256] = store.work / "revisits"
    total = per_part * PARTS
    draft = Manifest(
        name="bench", version=0, parent=None, created="2026-11-22T16:00:00Z",
        content_root=leaves.root(), documents=total, records=total, outcomes={"kept": total},
        bytes_in=total * 1000, recipe={}, inputs=tuple(inputs), parts=tuple(parts),
        revisits=revisits_ref,
    )  # fmt: skip
    store.commit(draft, staged, "bench")
    return {"documents": total}


def export_mds(folder: str, out: str) -> dict[str, int]:
    """The same texts as MDS."""
    import archive
    from archive.exporters.export import export

    opened = archive.open("bench", folder)
    export(opened.store, opened.manifest, Path(out), exporter="mds", columns=["text"])
    return {}


def counted(documents: Iterator[dict[str, Any]], started: float) -> dict[str, int]:
    """Takes all documents; how many, how many bytes of text, and after how long the first came."""
    next(documents)
    first = time.monotonic() - started
    count, size = 1, 0
    for document in documents:
        count += 1
        size += len(document["text"])
    seconds = time.monotonic() - started
    return {"n": count, "chars": size, "first_ms": int(first * 1e3), "ms": int(seconds * 1e3)}


def ours(folder: str, skip: str) -> dict[str, int]:
    """This feed: shuffled, verified; from position `skip` on."""
    import archive

    started = time.monotonic()
    feed = archive.open("bench", folder).feed(seed=SEED)
    if int(skip):
        feed.load_state_dict(feed.state_after(0, int(skip)))
    return counted(iter(feed), started)


def plain(folder: str, skip: str, shuffle: str) -> dict[str, int]:
    """`datasets`, streaming the same files; going on by its own state."""
    import archive

    manifest = archive.open("bench", folder)
    files = [str(manifest.store.object_path(p.documents.sha256)) for p in manifest.manifest.parts]
    import datasets

    def made() -> Any:
        data = datasets.load_dataset(
            "parquet", data_files=files, split="train", streaming=True, columns=["text"]
        )
        return data.shuffle(seed=SEED, buffer_size=10_000) if int(shuffle) else data

    state = None
    if int(skip):
        before = made()
        for _ in islice(before, int(skip)):
            pass
        state = before.state_dict()
    started = time.monotonic()
    data = made()
    if state:
        data.load_state_dict(state)
    return counted(iter(data), started)


def mosaic(folder: str, skip: str, shuffle: str) -> dict[str, int]:
    peers.stand_in()
    import streaming

    started = time.monotonic()
    data = streaming.StreamingDataset(
        local=folder,
        shuffle=bool(int(shuffle)),
        shuffle_seed=SEED,
        batch_size=1,
        num_canonical_nodes=1,
    )
    if int(skip):
        place = {"epoch": 0, "sample_in_epoch": int(skip), "num_canonical_nodes": 1}
        data.load_state_dict(place | {"shuffle_seed": SEED, "initial_physical_nodes": 1})
    return counted(iter(data), started)


def row(name: str, cost: measure.Cost, middle: measure.Cost) -> None:
    done, seconds = cost.answer, cost.answer["ms"] / 1000
    cells = [
        f"{done['n'] / seconds:,.0f}",
        f"{done['chars'] / seconds / 1e6:,.1f}",
        f"{cost.cpu:,.1f}",
        f"{done['first_ms']:,}",
        f"{middle.answer['first_ms']:,}",
        f"{cost.peak / 1e6:,.0f}",
    ]
    print(f"{name:<34}" + "".join(f"{cell:>15}" for cell in cells))


def main() -> None:
    documents = sys.argv[1] if len(sys.argv) > 1 else "100000"
    middle = int(documents) // 2
    with tempfile.TemporaryDirectory() as temporary:
        store, mds = f"{temporary}/store", f"{temporary}/mds"
        measure.python("tests.bench.feed:make_store", store, documents)
        measure.python("tests.bench.feed:export_mds", store, mds)
        size = sum(path.stat().st_size for path in Path(store).rglob("*") if path.is_file())
        print(f"{documents} documents, store of {size / 1e6:,.0f} MB, one process, warm cache\n")
        heads = ("documents/s", "Mchar/s", "CPU, s", "first, ms", "mid first, ms", "peak, MB")
        print(" " * 34 + "".join(f"{head:>15}" for head in heads))
        here = "tests.bench.feed"
        row(
            "feed, shuffled and verified",
            measure.python(f"{here}:ours", store, "0"),
            measure.python(f"{here}:ours", store, str(middle)),
        )
        for shuffle in ("0", "1"):
            row(
                f"datasets{', shuffle(10,000)' if shuffle == '1' else ', in order'}",
                measure.python(f"{here}:plain", store, "0", shuffle),
                measure.python(f"{here}:plain", store, str(middle), shuffle),
            )
        for shuffle in ("0", "1"):
            row(
                f"mosaicml-streaming{', shuffled' if shuffle == '1' else ', in order'}",
                measure.python(f"{here}:mosaic", mds, "0", shuffle),
                measure.python(f"{here}:mosaic", mds, str(middle), shuffle),
            )


if __name__ == "__main__":
    main()
