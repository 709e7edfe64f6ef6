"""One real crawl of 2008, archived as WARC and as ARC: every page is there twice."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import archive
from archive.duplicates import PartFiles, find
from archive.engines.local import LocalEngine
from archive.store.local import Store
from tests.duplicates.corpora import signs


def test_a_crawl_in_two_formats_is_all_duplicates(shared_data: Path, tmp_path: Path) -> None:
    crawl = shared_data / "warc/aut"
    names = [str(crawl / "example.warc.gz"), str(crawl / "example.arc.gz")]
    web = archive.build(names, "web", tmp_path / "store")
    store, parts, ids = Store(tmp_path / "store"), [], set()
    for part in web.manifest.parts:
        documents = store.check(part.documents)
        table = pq.read_table(documents, columns=["id", "text"])
        signed = pa.array(signs(table["text"].to_pylist()), pa.binary())
        signals = tmp_path / f"{part.key}.parquet"
        pq.write_table(pa.table({"id": table["id"], "minhash": signed}), signals)
        parts.append(PartFiles.of(documents, signals))
        ids |= set(table["id"].to_pylist())
    rows = pq.read_table(find(parts, tmp_path / "work", LocalEngine())).to_pylist()
    assert len(parts) == 2
    assert {row["id"] for row in rows} == ids
    assert sum(not row["is_first"] for row in rows) >= len(ids) // 2
