"""What two snapshot versions do not share: by URL, by text, by document.

Sets of rows are compared in DuckDB, out of core; a text stands for itself by its SHA-256.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from archive.query import views
from archive.query.connection import open_duckdb, stream

if TYPE_CHECKING:
    import duckdb

    from archive.manifest import Manifest
    from archive.store.local import Store


@dataclass(frozen=True, slots=True)
class Share:
    """Distinct things counted: in the second alone, in the first alone, in both."""

    added: int
    removed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class UrlShare(Share):
    """`changed`: in both, with another set of texts. `unchanged`: in both, with the same set."""

    changed: int


@dataclass(frozen=True, slots=True)
class Example:
    """One of the things counted: a URL, the SHA-256 of a text, or a document's id."""

    key: str
    url: str  # the first, by code point, that it is found at
    text: str  # the beginning of a text; empty for a URL


@dataclass(frozen=True, slots=True)
class Diff:
    """From snapshot `a` to `b`. `examples` has a few of each: `urls added`, `texts removed`, ..."""

    a: str
    b: str
    urls: UrlShare
    texts: Share
    documents: Share
    examples: dict[str, list[Example]]

    @property
    def same(self) -> bool:
        """Whether the two hold the same documents."""
        return not (self.documents.added or self.documents.removed)


TEXT_SHOWN: Final = 80
"""Characters of a text that an example shows."""

_SIDES: Final = """
    CREATE TEMP TABLE docs_{side} AS
        SELECT DISTINCT id, url, sha256(text) AS text FROM "{side}".documents;
    CREATE TEMP TABLE pairs_{side} AS SELECT DISTINCT url, text FROM docs_{side};
    CREATE TEMP TABLE urls_{side} AS SELECT DISTINCT url AS key FROM pairs_{side};
    CREATE TEMP TABLE texts_{side} AS SELECT DISTINCT text AS key FROM pairs_{side};
    CREATE TEMP TABLE documents_{side} AS SELECT DISTINCT id AS key FROM docs_{side};
"""

_CHANGED: Final = """
    CREATE TEMP TABLE urls_changed AS
        SELECT DISTINCT url AS key FROM (
            (SELECT * FROM pairs_a EXCEPT SELECT * FROM pairs_b)
            UNION ALL (SELECT * FROM pairs_b EXCEPT SELECT * FROM pairs_a))
        WHERE url IN (SELECT key FROM urls_a) AND url IN (SELECT key FROM urls_b)
"""


def diff(
    store: Store,
    a: Manifest,
    b: Manifest,
    *,
    limit: int = 10,
    memory_limit: str = "2GB",
    threads: int | None = None,
) -> Diff:
    """Compares two versions, of one snapshot or of two. `limit` is how many examples of each.

    Every file of both is checked first: raises Corrupt. Examples are the first by code point of
    their keys, the same each time.
    """
    tables = {"a": views.verified(store, a), "b": views.verified(store, b)}
    con = open_duckdb(memory_limit, threads)
    try:
        for side, held in tables.items():
            views.create(con, held, schema_name=side)
            for statement in _SIDES.format(side=side).split(";\n"):
                if statement.strip():
                    stream(con, statement)
        stream(con, _CHANGED)
        return _collect(con, a, b, limit)
    finally:
        con.close()


def _collect(con: duckdb.DuckDBPyConnection, a: Manifest, b: Manifest, limit: int) -> Diff:
    shares, examples = {}, {}
    for kind in ("urls", "texts", "documents"):
        for change, one, other in (("added", "b", "a"), ("removed", "a", "b")):
            name = f"{kind}_{change}"
            only = f"SELECT key FROM {kind}_{one} ANTI JOIN {kind}_{other} USING (key)"
            stream(con, f"CREATE TEMP TABLE {name} AS {only}")
            examples[f"{kind} {change}"] = _examples(con, kind, name, one, limit)
        added, removed = _count(con, f"{kind}_added"), _count(con, f"{kind}_removed")
        shares[kind] = Share(added, removed, _count(con, f"{kind}_a") - removed)
    examples["urls changed"] = _examples(con, "urls", "urls_changed", "b", limit)
    changed, urls = _count(con, "urls_changed"), shares["urls"]
    return Diff(
        a=f"{a.name}@{a.version}",
        b=f"{b.name}@{b.version}",
        urls=UrlShare(urls.added, urls.removed, urls.unchanged - changed, changed),
        texts=shares["texts"],
        documents=shares["documents"],
        examples=examples,
    )


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    ((count,),) = next(stream(con, f"SELECT count(*) FROM {table}").batches)
    return int(count)


def _examples(
    con: duckdb.DuckDBPyConnection, kind: str, table: str, side: str, limit: int
) -> list[Example]:
    if kind == "urls":
        query = f"SELECT key, key, '' FROM {table} ORDER BY key LIMIT {limit:d}"
    else:
        of = {"texts": "sha256(d.text)", "documents": "d.id"}[kind]
        query = f"""
            WITH few AS (SELECT key FROM {table} ORDER BY key LIMIT {limit:d})
            SELECT few.key, min(d.url), min(d.text[:{TEXT_SHOWN}])
            FROM few JOIN "{side}".documents AS d ON {of} = few.key GROUP BY 1 ORDER BY 1"""
    return [Example(*row) for batch in stream(con, query).batches for row in batch]
