"""Which documents of a snapshot a feed takes: a bitmap over the rows of every part."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from archive import cuts
from archive.digest import canonical_json, sha256_hex
from archive.errors import UsageError
from archive.feed.order import BLOCK_ROWS, Ints
from archive.manifest import Slice

if TYPE_CHECKING:
    import duckdb

    from archive.cuts import Cut
    from archive.manifest import Manifest, Part
    from archive.store.local import Store


@dataclass(frozen=True)
class Chosen:
    """The documents of a snapshot that a cut keeps.

    `digest` names the choice: the SHA-256 of the cut's hash and the predicate. `bitmaps` has one
    bit for each row of a part (numpy.packbits), or is None where every row is kept.
    """

    name: str
    where: str | None
    digest: str
    part_rows: tuple[int, ...]
    bitmaps: tuple[NDArray[np.uint8], ...] | None = None

    @cached_property
    def blocks(self) -> list[tuple[int, int, int]]:
        """(part, first row, row after the last) of every block, in canonical order."""
        return [
            (part, first, min(first + BLOCK_ROWS, rows))
            for part, rows in enumerate(self.part_rows)
            for first in range(0, rows, BLOCK_ROWS)
        ]

    @cached_property
    def counts(self) -> Ints:
        """Documents that the cut keeps of each block."""
        if self.bitmaps is None:
            return np.array([end - first for _, first, end in self.blocks], np.int64)
        return np.array(
            [len(self.rows(block) or ()) for block in range(len(self.blocks))], np.int64
        )

    @cached_property
    def rows_digest(self) -> str | None:
        """SHA-256 of the bitmaps: the same predicate must choose the same rows on resuming."""
        if self.bitmaps is None:
            return None
        return hashlib.sha256(b"".join(each.tobytes() for each in self.bitmaps)).hexdigest()

    def rows(self, block: int) -> list[int] | None:
        """The rows that the cut keeps of a block, counted from its first; None: all of them."""
        if self.bitmaps is None:
            return None
        part, first, end = self.blocks[block]
        # A block begins at a multiple of BLOCK_ROWS, so at a whole byte of the bitmap.
        bits = np.unpackbits(self.bitmaps[part][first // 8 : -(-end // 8)])[: end - first]
        kept: list[int] = np.flatnonzero(bits).tolist()
        return kept


def choose(
    store: Store, manifest: Manifest, cut: str | None = "everything", where: str | None = None
) -> Chosen:
    """Evaluates a cut over a snapshot, once. `where` is a further SQL predicate on `documents`.

    A choice of everything reads nothing. For any other every file of the snapshot is verified and
    the choice is made by DuckDB, with the rights of this process (see archive.query.connection).
    """
    loaded = cuts.load(cut or "everything")
    digest = sha256_hex(canonical_json({"cut": loaded.hash, "where": where}))
    part_rows = tuple(part.documents.rows for part in manifest.parts)
    whole = where is None and not loaded.rules and not loaded.first_only
    bitmaps = None if whole else _evaluate(store, manifest, loaded, where or "true")
    return Chosen(loaded.name, where, digest, part_rows, bitmaps)


def _evaluate(
    store: Store, manifest: Manifest, cut: Cut, where: str
) -> tuple[NDArray[np.uint8], ...]:
    import duckdb

    from archive.query import connection

    con = connection.connect(store, manifest, clean=cuts.define_clean(manifest, cut))
    try:
        _refuse_more_than_a_predicate(con, where)
        chosen = f"SELECT id FROM clean AS documents WHERE (\n{where}\n)"
        con.execute(f"CREATE TEMP TABLE chosen AS {chosen}")
        files = manifest.files("documents")
        bits = {ref.sha256: _bits(con, str(store.check(ref).absolute()), ref.rows) for ref in files}
        return tuple(_bitmap(bits[part.documents.sha256], part) for part in manifest.parts)
    except duckdb.Error as error:
        raise connection.translate(error, "select * from documents") from error
    finally:
        con.close()


def _bits(con: duckdb.DuckDBPyConnection, path: str, rows: int) -> NDArray[np.bool_]:
    """Which rows of a file are chosen."""
    from archive.query.views import quoted

    scan = f"read_parquet({quoted(path)}, hive_partitioning = false, file_row_number = true)"
    con.execute(f"SELECT file_row_number FROM {scan} AS part SEMI JOIN chosen USING (id)")
    bits = np.zeros(rows, np.bool_)
    found: dict[str, Any] = con.fetchnumpy()
    bits[found["file_row_number"].astype(np.int64)] = True
    return bits


def _bitmap(bits: NDArray[np.bool_], part: Part) -> NDArray[np.uint8]:
    """Those of a part, of all of its file."""
    first = part.documents.first if isinstance(part.documents, Slice) else 0
    return np.packbits(bits[first : first + part.documents.rows])


def _refuse_more_than_a_predicate(con: duckdb.DuckDBPyConnection, where: str) -> None:
    """One expression, so that `true) limit 10 --` is an error and not another cut."""
    statements = con.extract_statements(f"SELECT (\n{where}\n)")
    if len(statements) != 1 or not _balanced(where):
        raise UsageError(
            f"not one SQL predicate: {where!r}", next_step="write what may stand behind WHERE"
        )


def _balanced(where: str) -> bool:
    """Whether no closing parenthesis comes before its opening one, outside quotes and comments."""
    import re

    skipped = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$"
    depth = 0
    for character in re.sub(skipped, "", where, flags=re.DOTALL):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0
