"""Every rule of every frozen cut, on both sides of its threshold."""

from __future__ import annotations

import duckdb
import pytest

from archive import signals
from archive.cuts import FROZEN, load
from tests.cuts.golden import CASES
from tests.cuts.golden_preserve import PRESERVE
from tests.cuts.made import Case

EVERY = CASES + PRESERVE
SCORED = {name for name in FROZEN if any(r.name == "language" for r in load(name).rules)}


@pytest.fixture(scope="module")
def judged() -> duckdb.DuckDBPyConnection:
    """The signals of all golden texts."""
    texts = sorted({case.text for case in EVERY})
    rows = signals.compute([{"id": text, "text": text} for text in texts])
    con = duckdb.connect()
    con.register("computed", rows)
    con.execute("CREATE TABLE signals AS SELECT * FROM computed")
    return con


def _name(case: Case) -> str:
    side = "kept" if case.kept else "cut"
    return f"{case.rule}-{case.value:.4g}-{side}-{case.cuts.replace(' ', ',')}-{case.text[:12]!r}"


@pytest.mark.parametrize("case", EVERY, ids=map(_name, EVERY))
def test_a_rule_says_what_was_worked_out_by_hand(
    case: Case, judged: duckdb.DuckDBPyConnection
) -> None:
    for name in case.cuts.split():
        rule = next(r for r in load(name).rules if r.name == case.rule)
        query = f'SELECT "{case.column}", (\n{rule.predicate}\n) FROM signals WHERE id = ?'
        found = judged.execute(query, [case.text]).fetchone()
        assert found == (case.value, case.kept), name


@pytest.mark.parametrize("name", FROZEN)
def test_every_rule_has_a_golden_case_on_both_sides(name: str) -> None:
    seen = {(case.rule, case.kept) for case in EVERY if name in case.cuts.split()}
    asked = {(r.name, kept) for r in load(name).rules for kept in (True, False)}
    assert asked - seen <= {("language", True), ("language", False)}


@pytest.mark.parametrize(
    ("language", "score", "kept"),
    [
        ("en", 0.6501, {"c4", "fineweb-2024-04", "fineweb-current", "dclm-refinedweb"}),
        ("en", 0.65, {"c4"}),
        ("wo", 0.9999, {"fineweb-current"}),
        ("wo", 0.65, set()),
    ],
)
def test_a_language_is_wanted_above_its_score(language: str, score: float, kept: set[str]) -> None:
    found = set()
    for name in SCORED:
        rule = next(r for r in load(name).rules if r.name == "language")
        columns = "? AS language, ? AS fasttext_language, ?::DOUBLE AS fasttext_score"
        query = f"SELECT ({rule.predicate}) FROM (SELECT {columns})"
        if duckdb.execute(query, [language, language, score]).fetchall() == [(True,)]:
            found.add(name)
    assert found == kept
