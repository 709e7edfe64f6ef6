"""`lowbg sql`, `shell`, `schema` and `diff` as a script and as a person would call them."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import schema
from archive.errors import UsageError
from archive.query import landlock
from archive.query.views import NAMES
from cli import formats
from cli.shell import is_complete
from tests.conftest import ROOT
from tests.snapshots import Inputs, Page, Revisit, commit


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cli") / "store"
    one: Inputs = {
        "a.warc": [Page("http://a.org/1", "one"), Page("http://a.org/2", 'two, "2"\nlines')]
    }
    two: Inputs = {
        "a.warc": [Page("http://a.org/1", "one"), Page("http://a.org/2", "\x1b[31mthree")],
        "b.warc": [Page("http://b.org/3", "Паром 船"), Revisit("http://lost.org/")],
    }
    commit(root, one)
    commit(root, two)
    return root


def lowbg(
    store: Path, *arguments: str, stdin: str = "", cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archive", *arguments],
        env=os.environ | {"LOWBG_STORE": str(store), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        input=stdin,
        cwd=cwd,
        encoding="utf-8",
    )


QUERY = "SELECT url, text, captured_at, member, year FROM documents ORDER BY url"

GOLDEN = {
    "--table": """\
url             text            captured_at                  member  year
http://a.org/1  one             2008-04-30T20:48:25.123456Z          2008
http://a.org/2  two, "2" lines  2008-04-30T20:48:25.123456Z          2008
""",
    "--json": """\
[{"url": "http://a.org/1", "text": "one", "captured_at": "2008-04-30T20:48:25.123456Z", \
"member": null, "year": 2008}
,{"url": "http://a.org/2", "text": "two, \\"2\\"\\nlines", "captured_at": \
"2008-04-30T20:48:25.123456Z", "member": null, "year": 2008}
]
""",
    "--ndjson": """\
{"url": "http://a.org/1", "text": "one", "captured_at": "2008-04-30T20:48:25.123456Z", \
"member": null, "year": 2008}
{"url": "http://a.org/2", "text": "two, \\"2\\"\\nlines", "captured_at": \
"2008-04-30T20:48:25.123456Z", "member": null, "year": 2008}
""",
    "--csv": """\
url,text,captured_at,member,year
http://a.org/1,one,2008-04-30T20:48:25.123456Z,,2008
http://a.org/2,"two, ""2""
lines",2008-04-30T20:48:25.123456Z,,2008
""",
}


@pytest.mark.parametrize("form", GOLDEN)
def test_each_form_prints_what_it_always_printed(store: Path, form: str) -> None:
    done = lowbg(store, "sql", "web@1", QUERY, form)
    assert (done.returncode, done.stdout, done.stderr) == (0, GOLDEN[form], "")


def test_the_default_is_the_table(store: Path) -> None:
    assert lowbg(store, "sql", "web@1", QUERY).stdout == GOLDEN["--table"]


def test_json_of_no_rows_is_an_empty_array(store: Path) -> None:
    done = lowbg(store, "sql", "web", "SELECT 1 AS a WHERE false", "--json")
    assert json.loads(done.stdout) == []


def test_a_table_of_no_rows_still_has_its_header(store: Path) -> None:
    assert lowbg(store, "sql", "web", "SELECT 1 AS a WHERE false").stdout == "a\n"


def test_the_query_can_come_from_standard_input(store: Path) -> None:
    done = lowbg(store, "sql", "web", "-", "--csv", stdin="SELECT 1 AS a")
    assert done.stdout == "a\n1\n"


def test_parquet_goes_to_the_file_and_says_so(store: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    done = lowbg(store, "sql", "web@1", QUERY, "--parquet", str(target))
    assert (done.returncode, done.stdout) == (0, "")
    assert pq.read_table(target).column("text").to_pylist() == ["one", 'two, "2"\nlines']


def test_a_row_limit_that_bites_says_so_and_one_that_does_not_is_silent(store: Path) -> None:
    bites = lowbg(store, "sql", "web@1", QUERY, "--limit-rows", "1", "--ndjson")
    assert len(bites.stdout.splitlines()) == 1
    assert "first 1 rows" in bites.stderr
    assert lowbg(store, "sql", "web@1", QUERY, "--limit-rows", "2").stderr == ""


@pytest.mark.parametrize("form", ["--json", "--ndjson"])
def test_two_columns_of_one_name_are_refused_where_one_would_be_lost(
    store: Path, form: str
) -> None:
    done = lowbg(store, "sql", "web", "SELECT 1 AS a, 2 AS a", form)
    assert (done.returncode, done.stdout) == (2, "")
    assert "AS" in done.stderr
    assert lowbg(store, "sql", "web", "SELECT 1 AS a, 2 AS a", "--csv").stdout == "a,a\n1,2\n"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["SELECT lang FROM documents"], 2, "declared_language"),
        (["SELECT 1 FROM docs"], 2, "tables: documents"),
        (["SELECT 1", "--memory-limit", "much"], 2, "500MB"),
        (["SELECT 1", "--untrusted", "--memory-limit", "much"], 2, "500MB"),
        (["SELECT 1", "--parquet", "x.parquet", "--csv"], 2, "choose one"),
        (["SELECT 1", "--parquet", "x.parquet", "--untrusted"], 2, "--ndjson"),
        (["SELECT count(*) FROM range(1000000000000)", "--time-limit", "0.2"], 3, "--time-limit"),
        (["COPY (SELECT 1) TO 'x'", "--untrusted"], 2, "one SELECT"),
        (["SELECT levenshtein(repeat('a',200000), repeat('b',200000))", "--untrusted"], 3, "1 s"),
    ],
)
def test_what_cannot_be_answered_exits_with_its_code_and_a_next_step(
    store: Path, tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    done = lowbg(store, "sql", "web", *arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_untrusted_prints_the_same_rows_and_says_how_it_was_held_in(store: Path) -> None:
    done = lowbg(store, "sql", "web@1", QUERY, "--json", "--untrusted")
    assert (done.returncode, done.stdout) == (0, GOLDEN["--json"])
    assert ("landlock" if landlock.abi() else "dataset") in done.stderr


def test_untrusted_says_what_it_cut(store: Path) -> None:
    query = "SELECT repeat('x', 3000) AS x FROM range(1001)"
    done = lowbg(store, "sql", "web", query, "--ndjson", "--untrusted")
    assert len(done.stdout.splitlines()) == 1000
    assert "first 1,000 rows" in done.stderr
    assert "1,000 values are longer than the 2,048 shown" in done.stderr


def test_a_reader_that_stops_early_is_no_error(store: Path) -> None:
    command = [sys.executable, "-m", "archive", "sql", "web", "FROM range(10000000)", "--csv"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"LOWBG_STORE": str(store)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"range\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


# Values


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        (
            "170141183460469231731687303715884105727::HUGEINT",
            "170141183460469231731687303715884105727",
        ),
        ("12345678901234567890.10::DECIMAL(30,2)", "12345678901234567890.10"),
        ("0.0000001::DECIMAL(10,7)", "0.0000001"),
        ("0.1::DOUBLE", "0.1"),
        ("'nan'::DOUBLE", '"NaN"'),
        ("'-inf'::DOUBLE", '"-Infinity"'),
        ("'\\xAA\\x00'::BLOB", '"aa00"'),
        ("TIMESTAMP '2000-01-01 00:00:00'", '"2000-01-01T00:00:00"'),
        ("TIMESTAMPTZ '2000-01-01 00:00:00+05'", '"1999-12-31T19:00:00Z"'),
        ("DATE '2000-02-29'", '"2000-02-29"'),
        ("INTERVAL '1 day 1.5 seconds'", '"P1DT1.5S"'),
        ("[1, NULL]", "[1, null]"),
        ("{'a': 'é', 'b': {'c': true}}", '{"a": "é", "b": {"c": true}}'),
        ("MAP {1: 2}", '{"1": 2}'),
    ],
)
def test_a_value_keeps_every_digit_in_json(sql: str, text: str) -> None:
    from archive.query.connection import open_duckdb

    (value,) = open_duckdb("100MB", 1).execute(f"SELECT {sql}").fetchall()[0]
    assert formats.json_text(value) == text


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON_VALUES)
def test_json_text_is_json_and_says_the_same(value: Any) -> None:
    read = json.loads(formats.json_text(value), parse_float=Decimal)
    assert _plain(read) == _plain(value)


def _plain(value: Any) -> Any:
    """With every number as a Decimal, so that 1 and 1.0 are one."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    return value


@given(st.lists(st.lists(st.none() | st.text(), min_size=2, max_size=2).map(tuple), max_size=5))
def test_csv_reads_back_and_tells_null_from_empty(rows: list[tuple[str | None, ...]]) -> None:
    text = "\n".join(formats.csv_lines(("a", "b"), ("VARCHAR", "VARCHAR"), [rows] if rows else []))
    read = list(csv.reader(io.StringIO(text + "\n", newline="")))
    assert read[1:] == [[value or "" for value in row] for row in rows]
    last = text.split("\n")[-1]
    if rows and rows[-1] == (None, ""):
        assert last == ',""'


@given(st.text())
def test_no_cell_of_a_table_can_move_the_cursor_or_outgrow_its_width(text: str) -> None:
    line = list(formats.table_lines(("x",), ("VARCHAR",), [[(text,)]]))[1]
    assert line.isprintable() or not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in line)
    assert formats._width(line) <= formats.CELL_WIDTH


def test_numbers_stand_right_and_texts_left_by_their_type() -> None:
    rows: list[tuple[Any, ...]] = [(1, "1"), (100, "100")]
    lines = list(formats.table_lines(("n", "t"), ("BIGINT", "VARCHAR"), [rows]))
    assert lines == ["  n  t", "  1  1", "100  100"]


def test_a_column_that_stands_twice_is_named() -> None:
    with pytest.raises(UsageError, match="'b'"):
        formats.refuse_twins(("a", "b", "b"))


# schema


def test_schema_prints_every_column_of_every_table(tmp_path: Path) -> None:
    done = lowbg(tmp_path / "no store", "schema")
    assert done.returncode == 0
    for name, columns in schema.TABLES.items():
        assert f"\n{name}\n" in f"\n{done.stdout}"
        for column in columns:
            line = next(x for x in done.stdout.splitlines() if x.startswith(f"  {column.name} "))
            assert line
            assert column.meaning in done.stdout


def test_schema_json_is_the_schema(tmp_path: Path) -> None:
    told = json.loads(lowbg(tmp_path, "schema", "--json").stdout)
    assert list(told) == list(schema.TABLES)
    assert told["documents"] == [asdict(column) for column in schema.DOCUMENTS]
    assert {"name", "type", "unit", "meaning", "nullable"} <= set(told["documents"][0])


def test_schema_of_one_table_and_of_none_that_is_known(tmp_path: Path) -> None:
    assert list(json.loads(lowbg(tmp_path, "schema", "ledger", "--json").stdout)) == ["ledger"]
    unknown = lowbg(tmp_path, "schema", "leger")
    assert (unknown.returncode, "'ledger'" in unknown.stderr) == (2, True)


# shell


def test_the_shell_answers_a_file_of_queries_and_commands(store: Path) -> None:
    script = (
        "SELECT 1 AS a -- ; not yet\n;\n.mode csv\nSELECT 'x;\ny' AS b;\n.tables\nSELECT 3 AS c"
    )
    done = lowbg(store, "shell", "web", stdin=script)
    tables = "\n".join(NAMES)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f'a\n1\nb\n"x;\ny"\n{tables}\nc\n3\n'


def test_the_shell_goes_on_after_an_error_and_exits_with_its_code(store: Path) -> None:
    done = lowbg(store, "shell", "web", stdin="SELEC;\n.nothing\nSELECT 2 AS a;\n")
    assert (done.returncode, done.stdout) == (2, "a\n2\n")
    assert "yntax" in done.stderr
    assert ".help" in done.stderr


def test_quit_leaves_the_rest_unread(store: Path) -> None:
    assert lowbg(store, "shell", "web", stdin=".quit\nSELECT 1;\n").stdout == ""


def test_help_names_every_command_that_the_shell_knows(store: Path) -> None:
    done = lowbg(store, "shell", "web", stdin=".help\n.schema inputs\n.mode\n.mode x\n")
    for word in (".tables", ".schema", ".mode", ".quit", "duplicate_of", "table", "unknown form"):
        assert word in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("SELECT 1", False),
        ("SELECT 1;", True),
        ("SELECT 1; -- done", True),
        ("SELECT ';", False),
        ("SELECT '日本;'", False),
        ("SELECT '日本';", True),
        ('SELECT ";"', False),
        ("-- ;", False),
        ("/* ; */", False),
        ("", False),
    ],
)
def test_a_statement_ends_at_a_semicolon_that_is_one(text: str, complete: bool) -> None:
    assert is_complete(text) is complete


def test_on_a_terminal_ctrl_c_stops_the_query_and_ctrl_d_leaves(store: Path) -> None:
    pty = pytest.importorskip("pty")
    main, side = pty.openpty()
    # A test run in the background ignores Ctrl-C, and a process would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "archive", "shell", "web"],
        cwd=ROOT,
        env=os.environ | {"LOWBG_STORE": str(store), "TERM": "dumb"},
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, before)
    os.close(side)
    try:
        _expect(main, b"lowbg> ")
        os.write(main, b"SELECT sum(hash(i)) FROM range(1000000000000) t(i);\n")
        _expect(main, b"t(i);")
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _expect(main, b"lowbg> ")
        os.write(main, b"SELECT 6 * 7 AS answer;\n")
        _expect(main, b"42")
        _expect(main, b"lowbg> ")
        os.write(main, b"\x04")
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(main)


def _expect(terminal: int, text: bytes) -> bytes:
    import select

    seen = b""
    while text not in seen:
        assert select.select([terminal], [], [], 20)[0], f"{text!r} never came; {seen!r} did"
        seen += os.read(terminal, 4096)
    return seen


# diff


def test_diff_prints_counts_and_examples(store: Path) -> None:
    done = lowbg(store, "diff", "web@1", "web@2")
    assert done.returncode == 0
    assert done.stdout.splitlines()[:5] == [
        "from web@1 to web@2",
        "           added  removed  changed  unchanged",
        "urls           1        0        1          1",
        "texts          2        1                   1",
        "documents      2        1                   1",
    ]
    assert "urls changed\n  http://a.org/2\n" in done.stdout
    assert "\x1b" not in done.stdout, "a page could paint on the terminal"


def test_diff_json_is_whole(store: Path) -> None:
    told = json.loads(lowbg(store, "diff", "web@1", "web@2", "--json", "--limit", "1").stdout)
    assert told["urls"] == {"added": 1, "removed": 0, "unchanged": 1, "changed": 1}
    assert (told["same"], told["a"], told["b"]) == (False, "web@1", "web@2")
    assert [len(examples) for examples in told["examples"].values()] == [1, 0, 1, 1, 1, 1, 1]
    assert json.loads(lowbg(store, "diff", "web", "web@2", "--json").stdout)["same"] is True
