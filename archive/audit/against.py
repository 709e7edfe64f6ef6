"""What a corpus is audited against: the captures of a snapshot, files, or a replay run's texts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from archive.audit.corpora import Place, resolve, stored
from archive.audit.index import Index, Source, build
from archive.audit.items import Item
from archive.audit.match import Matcher
from archive.audit.near import Near, Texts
from archive.audit.options import GRADES, NO_GRADE, Matching
from archive.audit.slices import host_of
from archive.audit.stored import Held
from archive.digest import canonical_json, sha256_file, sha256_hex
from archive.engines import Engine
from archive.errors import UnknownName, UsageError
from archive.judge import registered_domain
from archive.schema import arrow_schema
from archive.store.work import taking_turns

COLUMNS: Final = ("id", "text", "url", "host", "registered_domain", "captured_at", "year", "grade")
GROUP_ROWS: Final = 1024
GROUP_BYTES: Final = 16 << 20

Report = Callable[[int], None]


@dataclass(frozen=True)
class Against:
    """Documents that are known to be human, with the index that says which passages they have."""

    facts: dict[str, Any]
    sources: tuple[Source, ...]
    index: Index
    matching: Matching
    held: Held | None
    """The snapshot, where it is one."""

    def matcher(self) -> Matcher:
        near = Near(self.index, Texts(self.index, self.sources), self.matching)
        return Matcher(self.index, self.matching, near)


def open_against(
    names: Sequence[str],
    place: Place,
    matching: Matching,
    engine: Engine,
    stack: ExitStack,
    report: Report | None = None,
) -> Against:
    """The snapshot, files or replay run of these names, indexed.

    The index of a snapshot is kept in the store's work folder, under a key of the content root,
    the cut, the grades and the parameters; that of files lives as long as `stack`.
    """
    if place.least not in GRADES:
        raise UnknownName("grade", place.least, GRADES)
    found = [stored(name, place, stack) for name in names if not Path(name).exists()]
    snapshot = next(filter(None, found), None)
    if snapshot and len(names) > 1:
        raise UsageError(
            f"{snapshot.reference} and {len(names) - 1} more to compare with",
            next_step="give one snapshot alone, or files",
        )
    if snapshot:
        work = snapshot.store.work
        key = sha256_hex(canonical_json([snapshot.key, matching.indexing()]))
        (work / "audit").mkdir(parents=True, exist_ok=True)
        with taking_turns(work, "audit"):
            folder = work / "audit" / key[:32]
            index = build(snapshot.sources, folder, matching, engine, report)
        return Against(snapshot.facts(), snapshot.sources, index, matching, snapshot)
    made = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lowbg-audit-")))
    facts, source = _from_files(names, place, made, stack)
    index = build([source], made, matching, engine, report)
    return Against(facts, (source,), index, matching, None)


def _from_files(
    names: Sequence[str], place: Place, folder: Path, stack: ExitStack
) -> tuple[dict[str, Any], Source]:
    """The documents of files in the shape of a snapshot's, without dates and grades."""
    corpora = resolve(names, place, stack)
    path = folder / "documents.parquet"
    full = arrow_schema("documents")
    schema = pa.schema([full.field(name) for name in COLUMNS])
    count = left = summed = 0
    with pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True) as writer:
        rows: list[dict[str, Any]] = []
        size = 0
        for each in (row for corpus in corpora for row in corpus.rows(lambda _: None)):
            if not isinstance(each, Item):
                left += 1
                continue
            rows.append(_row(each))
            summed = (summed + int(rows[-1]["id"], 16)) % 2**256
            count, size = count + 1, size + len(each.text)
            if len(rows) >= GROUP_ROWS or size >= GROUP_BYTES:
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                rows, size = [], 0
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    if not count:
        raise UsageError(
            f"no text in {', '.join(names)}", next_step="give a snapshot, or files that have texts"
        )
    facts = {
        "files": [corpus.name for corpus in corpora],
        "documents": count,
        "rows_left_out": left,
        "texts": f"{summed:064x}",  # the sum of their SHA-256: of the same texts, the same
    }
    return facts, Source(sha256_file(path), path)


def _row(item: Item) -> dict[str, Any]:
    host = host_of(item)
    return {
        "id": sha256_hex(item.text.encode()),
        "text": item.text,
        "url": item.place,
        "host": host,
        "registered_domain": registered_domain(host),
        "captured_at": 0,
        "year": 0,
        "grade": NO_GRADE,
    }


def texts_of(
    against: Against, rows: np.ndarray[Any, np.dtype[np.int64]], columns: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """Some documents by their rows in the index, sorted: of each these columns."""
    from archive.audit.stored import picked

    for number, source in enumerate(against.sources):
        low, high = np.searchsorted(rows, against.index.bases[number : number + 2])
        if low < high:
            counted = rows[low:high] - against.index.bases[number]
            at = counted if source.rows is None else np.load(source.rows)[counted]
            yield from picked(source.documents, at, columns)
