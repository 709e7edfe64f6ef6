"""Selections out of the columnar index: Parquet read in place, through DuckDB.

A crawl's index has some 300 GB. DuckDB reads the footers, passes over the row groups whose
statistics rule the predicate out (the index is sorted by SURT, so that a TLD lies together), and
of the others only the columns it needs. It reads them through a file system of ours, so that the
network's rules are those of every other download, and no extension has to be installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from archive.commoncrawl import columns
from archive.commoncrawl.crawl import Crawl
from archive.commoncrawl.paths import read_list
from archive.commoncrawl.places import Base, otherwise
from archive.commoncrawl.selected import Selected, selected
from archive.cuts.check import columns_in
from archive.errors import LowbgError, UsageError

if TYPE_CHECKING:
    import duckdb

SUBSET: Final = "warc"
"""Fetches with status 200; the other subsets are crawldiagnostics and robotstxt."""
MEMORY: Final = "2GB"
ROWS: Final = 4096
TABLE: Final = "ccindex"  # what a predicate is about


def index_files(base: Base, crawl: Crawl) -> list[str]:
    """The paths of the Parquet files of a crawl's columnar index, of the subset `warc`."""
    if crawl.columnar is None:
        raise UsageError(
            f"{crawl.id} has no columnar index that is known",
            next_step="name a crawl from CC-MAIN-2013-20 on, or give its CDXJ with --index",
        )
    paths = [
        path
        for path in read_list(base, crawl.columnar)
        if f"/crawl={crawl.id}/subset={SUBSET}/" in path and path.endswith(".parquet")
    ]
    if not paths:
        expected = f"Parquet files of {crawl.id} and subset={SUBSET}"
        raise otherwise(base.locate(crawl.columnar), expected, "none")
    return paths


def select(base: Base, crawl: Crawl, predicate: str) -> Iterator[Selected]:
    """The captures of a crawl for which the predicate over columns.COLUMNS is true.

    UsageError for what is no such predicate, or asks for a column that this crawl lacks.
    """
    asked = check(predicate, crawl)
    paths = index_files(base, crawl)
    with _table(base, crawl, paths) as con:
        present = [name for name, *_ in _asked(con, f"DESCRIBE {TABLE}").fetchall()]
        if missing := sorted(set(columns.WANTED) - set(present)):
            found = f"no column {missing[0]}"
            raise otherwise(base.locate(paths[0]), "the columns of an index", found)
        columns.require(asked, crawl.id, present)
        yield from rows(con, predicate, base.locate(crawl.columnar or ""))


def check(predicate: str, crawl: Crawl) -> tuple[str, ...]:
    """The columns that a predicate reads. UsageError if it is none, before anything is read."""
    asked = columns_in(predicate, columns.COLUMNS, "--where")
    columns.require(asked, crawl.id, columns.COLUMNS)
    with duckdb_of_index() as con:
        listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.COLUMNS.items())
        con.execute(f"CREATE TABLE {TABLE} ({listed})")
        answer = _asked(con, f"SELECT (\n{predicate}\n) FROM {TABLE}")
        kind = str(answer.description[0][1]) if answer.description else "nothing"
    if kind != "BOOLEAN":
        raise UsageError(
            f"--where gives {kind}, not true or false", next_step="compare it with something"
        )
    return asked


def rows(con: duckdb.DuckDBPyConnection, predicate: str, where: str) -> Iterator[Selected]:
    """The rows of the table or view `ccindex` for which the predicate is true."""
    listed = ", ".join(columns.WANTED)
    answer = _asked(con, f"SELECT {listed} FROM {TABLE} WHERE (\n{predicate}\n)")
    while batch := _taken(answer):
        for row in batch:
            yield selected(row, where)


@contextmanager
def _table(base: Base, crawl: Crawl, paths: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the view `ccindex` over the files, which only it can open."""
    from archive.commoncrawl.ranges import PROTOCOL, Files

    named = {f"{number:05d}.parquet": base.locate(path) for number, path in enumerate(paths)}
    listed = ", ".join(f"'{PROTOCOL}://{name}'" for name in named)
    files = Files(named)
    with duckdb_of_index() as con:
        con.register_filesystem(files)
        con.execute("SET parquet_metadata_cache = true")  # each footer is read once
        try:
            _asked(
                con,
                f"CREATE VIEW {TABLE} AS SELECT *, '{crawl.id}' AS crawl, '{SUBSET}' AS subset"
                f" FROM read_parquet([{listed}], hive_partitioning=false)",
            )
            yield con
        except UsageError:
            if files.error:  # DuckDB made a wrong query of it
                raise files.error from None
            raise
        finally:
            con.unregister_filesystem(PROTOCOL)


@contextmanager
def duckdb_of_index() -> Iterator[duckdb.DuckDBPyConnection]:
    from archive.query.connection import open_duckdb

    con = open_duckdb(MEMORY, None)
    try:
        yield con
    finally:
        con.close()


def _asked(con: duckdb.DuckDBPyConnection, query: str) -> duckdb.DuckDBPyConnection:
    import duckdb

    try:
        return con.execute(query)
    except duckdb.Error as error:
        raise _refused(error) from error


def _taken(answer: duckdb.DuckDBPyConnection) -> list[Any]:
    import duckdb

    try:
        return answer.fetchmany(ROWS)
    except duckdb.Error as error:
        raise _refused(error) from error


def _refused(error: Exception) -> LowbgError:
    return UsageError(
        f"the index cannot be asked: {str(error)[:500]}",
        next_step="check the predicate's types, and that the index is Common Crawl's",
    )
