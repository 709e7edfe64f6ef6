"""Snapshots of a few named pages, for tests that ask about rows."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.digest import sha256_hex
from archive.manifest import Manifest
from archive.schema import arrow_schema
from archive.store.local import Store
from tests.stores import SOME, Draft, Row, document, ledger_row

CAPTURED = SOME
BYTES = 100
"""What every record takes."""


@dataclass(frozen=True)
class Page:
    """A captured page that became a document."""

    url: str
    text: str


@dataclass(frozen=True)
class Revisit:
    """A revisit record: how it was resolved, if it was, and the url of the document, if any."""

    url: str
    by: str | None = None
    document: str | None = None


Inputs = Mapping[str, Sequence[Page | Revisit]]


def commit(root: Path, inputs: Inputs, name: str = "web") -> Manifest:
    """The next version of a snapshot in the store at `root`, made of these inputs' records."""
    store = Store.create(root)
    draft = Draft(store.work / secrets.token_hex(4))
    documents = [
        document(sha256_hex(source.encode()), BYTES * n, record.text, url=record.url)
        for source, records in inputs.items()
        for n, record in enumerate(records)
        if isinstance(record, Page)
    ]
    ids = {row["url"]: row["id"] for row in documents}
    for source_name, records in inputs.items():
        source = sha256_hex(source_name.encode())
        own = [row for row in documents if row["source"] == source]
        kept = {row["offset"]: row["id"] for row in own}
        ledger = []
        for n, record in enumerate(records):
            offset = BYTES * n
            page = isinstance(record, Page)
            row = ledger_row(source, offset, BYTES, "kept" if page else "revisit", url=record.url)
            row["type"] = "response" if page else "revisit"
            ledger.append(row | {"document": kept.get(offset)})
            if isinstance(record, Revisit):
                draft.revisits.append(_resolved(source, offset, record, ids))
        draft.add_part(source_name, source, BYTES * len(records), own, ledger)
    return draft.commit(store, name)


def _resolved(source: str, offset: int, revisit: Revisit, ids: Mapping[str, str]) -> Row:
    row: Row = dict.fromkeys(arrow_schema("revisits").names)
    target = ids[revisit.document] if revisit.document else None
    return row | {"source": source, "offset": offset, "matched_by": revisit.by, "document": target}
