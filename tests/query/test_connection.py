"""SQL over a snapshot: the tables are the schema's, verified first, streamed, and explained."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import textwrap
import time
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import schema
from archive.errors import Corrupt, LimitReached, UsageError
from archive.manifest import Manifest
from archive.query.connection import (
    TimeLimit,
    connect,
    memory_bytes,
    open_duckdb,
    sql,
    stream,
    write_parquet,
)
from archive.query.views import NAMES, SQL_TYPES, Tables, create
from archive.store.local import Store
from tests.snapshots import CAPTURED, Inputs, Page, Revisit, commit

INPUTS: Inputs = {
    "a.warc": [Page("http://a.org/1", "one"), Page("http://a.org/2", "two")],
    "b.warc": [
        Page("http://b.org/3", "три"),
        Revisit("http://a.org/1", "record-id", "http://a.org/1"),
        Revisit("http://a.org/logo.png", "record-id"),  # its capture holds no text
        Revisit("http://lost.org/"),
    ],
    "empty.warc": [],
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Manifest]:
    # A path that DuckDB would take for a glob, and a quote that SQL would take for its own.
    root = tmp_path_factory.mktemp("query") / "it's [a] *store?"
    manifest = commit(root, INPUTS)
    return Store(root), manifest


@pytest.mark.parametrize("table", NAMES)
def test_a_table_has_the_columns_of_the_schema_and_no_others(
    web: tuple[Store, Manifest], table: str
) -> None:
    result = sql(*web, f"SELECT * FROM {table}")
    assert result.columns == tuple(column.name for column in schema.TABLES[table])
    assert result.types == tuple(SQL_TYPES[column.type] for column in schema.TABLES[table])


@pytest.mark.parametrize("table", NAMES)
def test_a_snapshot_without_parts_has_empty_tables_of_the_same_columns(table: str) -> None:
    con = open_duckdb("100MB", 1)
    create(con, Tables(**{field.name: () for field in fields(Tables)}))
    answer = stream(con, f"SELECT * FROM {table}")
    assert answer.columns == tuple(column.name for column in schema.TABLES[table])
    assert answer.types == tuple(SQL_TYPES[column.type] for column in schema.TABLES[table])
    assert list(answer.batches) == []


def test_documents_and_inputs_are_what_was_committed(web: tuple[Store, Manifest]) -> None:
    documents = sql(*web, "SELECT url, text, captured_at FROM documents ORDER BY url").rows
    assert documents == [
        ("http://a.org/1", "one", CAPTURED),
        ("http://a.org/2", "two", CAPTURED),
        ("http://b.org/3", "три", CAPTURED),
    ]
    inputs = sql(*web, "SELECT * FROM inputs").rows
    assert [row[0] for row in inputs] == [entry.name for entry in web[1].inputs]
    assert sum(row[2] for row in inputs) == web[1].bytes_in


def test_the_ledger_says_what_each_revisit_resolves_to(web: tuple[Store, Manifest]) -> None:
    rows = sql(
        *web,
        "SELECT l.outcome, d.url FROM ledger l LEFT JOIN documents d ON l.document = d.id "
        "WHERE l.type = 'revisit' ORDER BY l.\"offset\"",
    ).rows
    assert rows == [("revisit", "http://a.org/1"), ("revisit", None), ("unresolved", None)]


def test_the_ledger_counts_as_the_manifest_does(web: tuple[Store, Manifest]) -> None:
    counts = sql(*web, "SELECT outcome, count(*) FROM ledger GROUP BY 1").rows
    assert dict(counts) == web[1].outcomes


def test_parameters_are_values_and_never_sql(web: tuple[Store, Manifest]) -> None:
    query = "SELECT count(*) FROM documents WHERE url = ?"
    assert sql(*web, query, ["http://a.org/1"]).rows == [(1,)]
    assert sql(*web, query, ["' OR true --"]).rows == [(0,)]


@pytest.mark.parametrize("table", ["documents", "ledger", "revisits"])
def test_one_flipped_bit_is_found_before_there_is_a_row(tmp_path: Path, table: str) -> None:
    manifest = commit(tmp_path, INPUTS)
    part = manifest.parts[0]
    ref = {"documents": part.documents, "ledger": part.ledger, "revisits": manifest.revisits}[table]
    victim = Store(tmp_path).object_path(ref.sha256)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.chmod(0o644)
    victim.write_bytes(data)
    with pytest.raises(Corrupt, match=ref.sha256):
        connect(Store(tmp_path), manifest)


@pytest.mark.parametrize(
    ("query", "message", "step"),
    [
        ("SELECT language FROM documents", "language", "declared_language"),
        ("SELECT language FROM documents", "language", "of signals: join signals using (id)"),
        ("SELECT 1 FROM docs", "docs", f"tables: {', '.join(NAMES)}"),
        ("SELEC 1", "yntax error", ""),
        ("SELECT CAST('x' AS INT)", "x", ""),
        ("SELECT '\ud800'", "half a character at 8", "UTF-8"),
    ],
)
def test_an_error_keeps_duckdbs_words_and_lists_what_is_known(
    web: tuple[Store, Manifest], query: str, message: str, step: str
) -> None:
    with pytest.raises(UsageError, match=message) as told:
        sql(*web, query)
    assert step in told.value.next_step
    assert "refers_to" not in told.value.next_step, (
        "columns of a table that the query does not name"
    )


def test_python_variables_are_no_tables(web: tuple[Store, Manifest]) -> None:
    import pyarrow as pa

    secret = pa.table({"a": [1]})
    with pytest.raises(UsageError, match="secret"):
        sql(*web, "SELECT * FROM secret")
    assert secret.num_rows == 1


def test_no_extension_is_fetched(web: tuple[Store, Manifest]) -> None:
    con = connect(*web)
    for setting in ("autoinstall_known_extensions", "autoload_known_extensions"):
        assert con.execute(f"SELECT current_setting('{setting}')").fetchone() == (False,)


def test_times_are_utc_whatever_the_machine_thinks() -> None:
    code = (
        "from archive.query.connection import open_duckdb; con = open_duckdb('100MB', 1);"
        "print(con.execute(\"SELECT (TIMESTAMPTZ '2008-04-30 20:48:25Z')::VARCHAR\").fetchone()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "2008-04-30 20:48:25+00"


def test_a_long_answer_streams_in_bounded_memory() -> None:
    code = textwrap.dedent("""
        import resource
        from archive.query.connection import open_duckdb, stream
        con = open_duckdb("200MB", 1)
        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rows = 0
        for batch in stream(con, "SELECT repeat('x', 1000) FROM range(500000)").batches:
            rows += len(batch)
        print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rows, kilobytes = map(int, done.stdout.split())
    assert rows == 500_000
    assert kilobytes < 150_000, "half a gigabyte of rows was held"


def test_too_little_memory_is_a_limit_and_says_how_to_raise_it() -> None:
    con = open_duckdb("20MB", 1, spill=False)
    with pytest.raises(LimitReached) as told:
        list(stream(con, "SELECT list(i::VARCHAR) FROM range(5000000) t(i)").batches)
    assert "--memory-limit" in told.value.next_step


def test_a_query_outgrowing_its_memory_spills_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    con = open_duckdb("60MB", 1)
    query = (
        "SELECT * FROM (SELECT hash(i) h, repeat('x', 50) t FROM range(2000000) t(i)) ORDER BY h"
    )
    assert sum(len(batch) for batch in stream(con, query).batches) == 2_000_000
    con.close()
    assert list(tmp_path.iterdir()) == []


def test_a_time_limit_stops_the_query() -> None:
    con = open_duckdb("100MB", 1)
    with pytest.raises(LimitReached, match=r"0\.2 s"), TimeLimit(con, 0.2):
        list(stream(con, "SELECT sum(hash(i)) FROM range(100000000000) t(i)").batches)


def test_a_time_limit_that_passes_before_the_query_starts_still_stops_it() -> None:
    con = open_duckdb("100MB", 1)
    query = "SELECT sum(hash(i)) FROM range(100000000000) t(i)"
    with pytest.raises(LimitReached), TimeLimit(con, 0.01):  # noqa: PT012
        time.sleep(0.3)
        list(stream(con, query).batches)
    assert list(stream(con, "SELECT 1").batches) == [[(1,)]], "the interrupt outlived its query"


def test_a_time_limit_that_is_not_reached_changes_nothing() -> None:
    con = open_duckdb("100MB", 1)
    with TimeLimit(con, 60):
        assert list(stream(con, "SELECT 1").batches) == [[(1,)]]
    with pytest.raises(UsageError), TimeLimit(con, 60):
        stream(con, "SELEC")


# Parquet


def test_parquet_keeps_values_that_duckdbs_own_copy_rounds(tmp_path: Path) -> None:
    con = open_duckdb("100MB", 1)
    target = tmp_path / "sum.parquet"
    big = 2**62
    query = f"SELECT sum(i) AS s FROM (VALUES ({big}::BIGINT), ({big}::BIGINT), (1::BIGINT)) t(i)"
    assert write_parquet(con, query, target) == 1
    assert pq.read_table(target).column("s").to_pylist() == [Decimal(2 * big + 1)]


@given(rows=st.integers(0, 5000), limit=st.one_of(st.none(), st.integers(0, 6000)))
@settings(max_examples=20, deadline=None)
def test_parquet_has_every_row_up_to_the_limit_in_order(
    tmp_path_factory: pytest.TempPathFactory, rows: int, limit: int | None
) -> None:
    con = open_duckdb("100MB", 1)
    target = tmp_path_factory.mktemp("rows") / "rows.parquet"
    written = write_parquet(con, f"SELECT i FROM range({rows}) t(i)", target, limit=limit)
    kept = rows if limit is None else min(rows, limit)
    assert written == kept
    assert pq.read_table(target).column("i").to_pylist() == list(range(kept))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 AS a, 2 AS a",
        "SELECT nothing",
        "SELECT CASE WHEN i = 90000 THEN error('late') ELSE i END AS x FROM range(100000) t(i)",
    ],
)
def test_parquet_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, query: str
) -> None:
    con = open_duckdb("100MB", 1)
    target = tmp_path / "out.parquet"
    target.write_bytes(b"old")
    with pytest.raises(UsageError):
        write_parquet(con, query, target)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
        ("out.parquet", b"old")
    ]


def test_parquet_of_much_data_is_written_in_bounded_memory(tmp_path: Path) -> None:
    con = open_duckdb("200MB", 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    query = "SELECT i, repeat(md5(i::VARCHAR), 40) AS t FROM range(400000) t(i)"
    assert write_parquet(con, query, tmp_path / "big.parquet") == 400_000
    assert pq.ParquetFile(tmp_path / "big.parquet").num_row_groups > 3
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 400_000, "half a gigabyte of rows was held"


@pytest.mark.parametrize(
    ("text", "size"),
    [("500MB", 500_000_000), ("2GiB", 2 << 30), ("1.5 kb", 1500), ("1TiB", 1 << 40)],
)
def test_sizes_are_read_as_duckdb_reads_them(text: str, size: int) -> None:
    assert memory_bytes(text) == size


@pytest.mark.parametrize("text", ["", "500", "MB", "-1GB", "1 XB", "1e9GB"])
def test_what_is_no_size_is_refused(text: Any) -> None:
    with pytest.raises(UsageError, match="not a size"):
        memory_bytes(text)
