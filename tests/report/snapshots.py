"""What a report is made of: a small crawl, and one whose titles and hosts mean harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from archive import schema
from archive.manifest import Manifest
from archive.query.views import SQL_TYPES
from tests.cuts.made import words
from tests.cuts.tables import Row, connect, document
from tests.stores import Draft

HOSTILE = (
    "<script>document.title='harmed'</script>",
    '"><img src=x onerror="document.title=\'harmed\'">',
    "</title></style></pre></svg><iframe src=http://harm.example/></iframe>",
    "' onmouseover='x' a='",
    "&lt;b&gt; &#60;script&#62; ]]> <!-- --> {{7*7}}",
    "\u202etxt.exe\u2066 \u200f\u061c",
    "nul\x00 bell\x07 escape\x1b[31m delete\x7f next\x85 line\u2028",
    "שלום עולם 123 العربية",
    "漢字" * 90,
)


def tables(
    rows: Sequence[Row], copies: Sequence[tuple[Row, Row]] = ()
) -> duckdb.DuckDBPyConnection:
    """All views of a snapshot: documents, signals and duplicates of these, one ledger row each."""
    con = connect(rows, copies)
    for table in ("ledger", "inputs"):
        columns = ", ".join(f'"{c.name}" {SQL_TYPES[c.type]}' for c in schema.TABLES[table])
        con.execute(f"CREATE TABLE {table} ({columns})")
    for row in rows:
        con.execute(
            "INSERT INTO ledger (outcome, reason, url) VALUES ('kept', ?, ?)",
            [row["title"] or "HTTP 200", row["url"]],
        )
        con.execute("INSERT INTO inputs VALUES (?, 'ab', 10, 10, 1, 1, NULL)", [row["host"]])
    return con


def crawl() -> duckdb.DuckDBPyConnection:
    """120 documents of 30 hosts in three years; one text was captured four times, once nearly."""
    rows = [
        {
            **document(words(n + 1), f"http://h{n % 30}.example/{n}", 2001 + 4 * (n % 3)),
            "grade": ("attested", "consistent", "claimed", "contradicted")[n % 4],
            "grade_reasons": ["recorded digest verified", f"reason {n % 2}"],
        }
        for n in range(120)
    ]
    again = [document(rows[90]["text"], f"http://late{n}.example/", 2015) for n in range(3)]
    con = tables([*rows, *again], [(rows[90], copy) for copy in again])
    near = "UPDATE duplicates SET kind = 'near', similarity = 0.87 WHERE id = ?"
    con.execute(near, [again[2]["id"]])
    return con


def hostile() -> duckdb.DuckDBPyConnection:
    """A document and a copy of it for each hostile string, which is everywhere it can be."""
    made = []
    for n, said in enumerate(HOSTILE):
        harm = {"title": said, "host": said, "grade_reasons": [said], "grade": "claimed"}
        text = f"{words(n + 20)} {said}".replace("\x00", "")
        made.append([{**document(text, f"http://{k}{n}.example/"), **harm} for k in "ab"])
    return tables([row for pair in made for row in pair], [(a, b) for a, b in made])


def manifest(folder: Path) -> Manifest:
    """A manifest that names signals and duplicates, of no parts."""
    draft = Draft(folder)
    held = draft.manifest()
    recipe = {"extractor": "plain", "before": "2022-11-30", "limits": {"tags": 200_000}}
    return replace(held, duplicates=held.revisits, recipe=recipe, version=1)
