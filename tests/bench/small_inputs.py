"""What very many small inputs cost: build, files, queries, compaction, one input more.

    python -m tests.bench.small_inputs [--inputs 10000] [--workers 1]

The inputs are WARC files of three captures each, made by code. `unpacked` is the same build with
batches and packs turned off: three files an input. Every step runs in a process of its own.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

import archive
import archive.sample
from archive.manifest import packs_of
from archive.store.local import Store
from tests import warcs
from tests.bench import measure
from tests.bench.measure import Cost

PAGES = 3
QUERIES = {
    "select count(*)": "select count(*) from documents",
    "group by language": "select language, count(*), avg(characters) from documents"
    " join signals using (id) group by all",
}


def make_inputs(folder: Path, count: int, first: int = 0) -> int:
    """Files of three pages of random words; returns their bytes."""
    pages = sorted(Path(archive.sample.__file__).with_name("pages").iterdir())
    texts = (path.read_text(encoding="utf-8") for path in pages)
    words = [word for text in texts for word in text.split() if "<" not in word]
    size = 0
    for number in range(first, first + count):
        choice = random.Random(number)
        records = []
        for page in range(PAGES):
            text = " ".join(choice.choices(words, k=choice.randrange(60, 400)))
            block = warcs.html_page(text, title=f"{number} {page}")
            records.append(
                warcs.warc_record("response", f"http://h{number}.example/{page}", block=block)
            )
        path = folder / f"{number:06d}.warc.gz"
        path.write_bytes(warcs.gzip_members(records))
        size += path.stat().st_size
    return size


def build(folder: str, store: str, workers: str, packed: str) -> dict[str, int]:
    if packed == "unpacked":
        from archive import batches, gather, packs

        batches.FEW = 1 << 40  # type: ignore[misc]
        never = packs.Sizes(few=1 << 40)
        gather.Gathered.add_packs.__defaults__ = (never,)
    made = archive.build([folder], "bench", store, workers=int(workers))
    return _facts(Store(Path(store)), made.manifest.version)


def compact(store: str) -> dict[str, int]:
    made = archive.compact("bench", store)
    return _facts(Store(Path(store)), made.manifest.version)


def _facts(store: Store, version: int) -> dict[str, int]:
    manifest = store.manifest("bench", version)
    refs = [ref for table in ("documents", "ledger", "signals") for ref in manifest.files(table)]
    return {
        "version": version,
        "documents": manifest.documents,
        "files": len(refs),
        "packs": len(packs_of(manifest.parts)),
        "bytes": sum(ref.bytes for ref in refs),
        "manifest": len(manifest.to_bytes()),
        "root": int(manifest.content_root[:8], 16),
    }


def query(store: str, reference: str, text: str) -> dict[str, int]:
    """The first and the second answer in one process, in microseconds."""
    snapshot = archive.open(reference, store)
    times = []
    for _ in range(2):
        started = time.perf_counter()
        snapshot.sql(text)
        times.append(int((time.perf_counter() - started) * 1e6))
    return {"first": times[0], "second": times[1]}


def feed(store: str, reference: str) -> dict[str, int]:
    snapshot = archive.open(reference, store)
    started = time.perf_counter()
    count = sum(1 for _ in snapshot.feed(seed=1))
    return {"documents": count, "micros": int((time.perf_counter() - started) * 1e6)}


def verify(store: str, reference: str) -> dict[str, int]:
    report = archive.open(reference, store).verify()
    assert report.ok, report.findings
    return {"objects": report.checked_objects}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--workers", default="1")
    parser.add_argument("--kinds", default="unpacked,packed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "inputs"
        folder.mkdir()
        size = make_inputs(folder, options.inputs)
        print(f"input: {options.inputs} files of {PAGES} captures, {size / 1e6:.1f} MB of gzip\n")
        for kind in options.kinds.split(","):
            _table(kind, folder, Path(scratch) / kind, options)


def _table(kind: str, folder: Path, store: Path, options: argparse.Namespace) -> None:
    names = ("seconds", "CPU s", "peak MB", "files", "MB", "manifest MB")
    widths = (9, 8, 9, 8, 7, 13)
    heads = (f"{name:>{width}}" for name, width in zip(names, widths, strict=True))
    print(f"{kind:<34}" + "".join(heads), flush=True)
    where = str(store)
    _line("build", measure.python(f"{_HERE}:build", str(folder), where, options.workers, kind))
    _asked("bench", where)
    if kind == "unpacked":
        _line("compact", measure.python(f"{_HERE}:compact", where))
        _asked("bench", where)
    make_inputs(folder, 1, first=options.inputs)
    _line(
        "build, one input more",
        measure.python(f"{_HERE}:build", str(folder), where, options.workers, "packed"),
    )
    (folder / f"{options.inputs:06d}.warc.gz").unlink()
    print(flush=True)


def _asked(reference: str, store: str) -> None:
    for label, text in QUERIES.items():
        cost = measure.python(f"{_HERE}:query", store, reference, text)
        first, second = (cost.answer[key] / 1e6 for key in ("first", "second"))
        print(f"  {label:<32}{first:>9.2f}{second:>8.3f}  (first, checks included; second)")
    cost = measure.python(f"{_HERE}:feed", store, reference)
    print(f"  {'one epoch of a feed':<32}{cost.answer['micros'] / 1e6:>9.2f}")
    cost = measure.python(f"{_HERE}:verify", store, reference)
    print(f"  {'verify':<32}{cost.seconds:>9.2f}{cost.cpu:>8.1f}{cost.peak / 1e6:>9.0f}")


def _line(label: str, cost: Cost) -> None:
    facts = cost.answer
    print(
        f"{label:<34}{cost.seconds:>9.1f}{cost.cpu:>8.1f}{cost.peak / 1e6:>9.0f}"
        f"{facts['files']:>8}{facts['bytes'] / 1e6:>7.1f}{facts['manifest'] / 1e6:>13.2f}"
        f"   root {facts['root']:08x}"
    )


_HERE = "tests.bench.small_inputs"

if __name__ == "__main__":
    main()
