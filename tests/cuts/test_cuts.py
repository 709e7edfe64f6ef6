"""Cuts as files: what is read, what is refused, what they stand for."""

from __future__ import annotations

import importlib
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import cuts
from archive.cuts import FROZEN, Cut, clean_view, load, names
from archive.cuts.check import check
from archive.cuts.parse import parse
from archive.cuts.why import why
from archive.errors import EnvironmentFailed, LowbgError, UnknownName, UsageError
from tests.cuts.made import words
from tests.cuts.tables import connect, document

HEADER = "-- cut: mine\n-- source: me\n-- version: 1\n"

HASHES = {
    "everything": "20595947bca6",
    "first": "f3375b19ba34",
    "preserve": "7ae6ff665227",
    "gopher": "247e83535ec0",
    "c4": "f8d2c09d82bd",
    "fineweb-2024-04": "498aa3841581",
    "fineweb-current": "f39c5c2f4373",
    "dclm-refinedweb": "e8833405620c",
}


def mine(*rules: str, captures: str = "first") -> Cut:
    """A cut of one's own with these expressions, checked."""
    blocks = [f"-- rule: r{i}: of a test\n{rule}\n" for i, rule in enumerate(rules)]
    cut = parse(f"{HEADER}-- captures: {captures}\n{''.join(blocks)}", "mine.sql")
    check(cut)
    return cut


def kept(con: duckdb.DuckDBPyConnection, cut: Cut) -> set[str]:
    return {text for (text,) in con.execute(f"SELECT text FROM ({clean_view(cut)})").fetchall()}


@pytest.mark.parametrize("name", FROZEN)
def test_a_frozen_cut_says_who_it_is_and_reads_known_columns_only(name: str) -> None:
    cut = load(name)
    check(cut)
    assert (cut.name, bool(cut.source), bool(cut.deviations)) == (name, True, True)


def test_a_frozen_cut_does_not_change() -> None:
    """A change of a cut is a new version of it: say so in its file, the changelog and here."""
    assert {name: load(name).hash[:12] for name in FROZEN} == HASHES


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName) as caught:
        load("finewebb-current")
    assert "did you mean 'fineweb-current'?" in caught.value.next_step
    assert all(name in caught.value.next_step for name in names())


def test_the_hash_is_of_what_is_written_not_of_how(tmp_path: Path) -> None:
    text = f"{HEADER}-- rule: long: enough\nwords >= 50\n"
    spaced = "\ufeff" + text.replace("\n", "  \r\n\r\n")
    files = [tmp_path / "a.sql", tmp_path / "b.sql", tmp_path / "c.sql"]
    for path, content in zip(files, (text, spaced, text.replace("50", "51")), strict=True):
        path.write_bytes(content.encode())
    plain, windows, other = (load(path) for path in files)
    assert plain == windows
    assert plain.hash != other.hash


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("words > 5", "an expression before the first rule"),
        ("-- source: me\n-- version: 1", "no line '-- cut:'"),
        ("-- cut: a\n-- cut: b\n-- source: me\n-- version: 1", "more than one line '-- cut:'"),
        ("-- cut: Mine!\n-- source: me\n-- version: 1", "not a name"),
        (HEADER + "-- deviaton: none", "unknown line of mine.sql 'deviaton'"),
        (HEADER + "-- captures: some", "unknown value of captures"),
        (HEADER + "-- rule: a b: c\ntrue", "not a rule"),
        (HEADER + "-- rule: first: taken\ntrue", "not a rule"),
        (HEADER + "-- rule: a\ntrue", "not a rule"),
        (HEADER + "-- rule: a: b\n-- nothing\n", "is empty"),
        (HEADER + "-- rule: a: b\ntrue\n-- rule: a: b\ntrue", "two rules are named 'a'"),
        (HEADER + "-- rule: a: b\ntrue\n-- deviation: late", "after a rule"),
    ],
)
def test_a_file_in_another_form_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(text, "mine.sql")


def test_a_long_line_goes_on_and_a_free_comment_says_nothing() -> None:
    text = (
        "-- a cut of my own\n-- cut: mine\n-- source: me,\n--   who else\n-- version: 1\n"
        "-- rule: long: long\n--    enough\n-- fifty is a lot\nwords >= 50 -- or is it\n"
    )
    cut = parse(text, "mine.sql")
    assert (cut.source, cut.rules[0].meaning) == ("me, who else", "long enough")
    con = connect([document(words(50)), document(words(49))])
    assert kept(con, cut) == {words(50)}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("gopher_word > 5", "unknown column .*gopher_word'"),
        ("documents.text = ''", "unknown column .*documents.text"),
        ("words", "gives BIGINT, not true or false"),
        ("words > 5; DROP TABLE documents", "syntax error"),
        ("words > 5) OR (true", "not one expression"),
        ("words > 5), (true", "not one expression"),
        ("words > 5) FROM (SELECT 1", "not one expression"),
        ("words > 5) UNION SELECT (true", "not one expression"),
        ("words > 5) FILTER (WHERE true", "not one expression"),
        ("DISTINCT words > 5", "not one expression"),
        ("words > 5 /* all", "unterminated"),
        ("words > 5 )--", "syntax error|not one expression"),
        ("words > (SELECT 5)", "holds a subquery"),
        ("EXISTS (FROM documents)", "holds a subquery"),
        ("row_number() OVER () > 5", "holds a window function"),
        ("words > $1", "holds a parameter"),
        ("#1 = 'x'", "holds a column by its number"),
        ("count(*) > 5", "aggregates"),
        ("random() < 0.5", "does not always say the same"),
        ("captured_at < now()", "does not always say the same"),
        ("words > lemgth(text)", "lemgth"),
    ],
)
def test_what_is_not_one_steady_expression_over_columns_is_refused(
    expression: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        mine(expression)


def test_an_unknown_column_lists_the_known_ones_the_closest_first() -> None:
    with pytest.raises(UnknownName) as caught:
        mine("gopher_stopwords >= 2")
    assert caught.value.next_step.startswith("did you mean 'gopher_stop_words'?")
    assert all(name in caught.value.next_step for name in ("url", "minhash", "similarity"))


TOKENS = [*"();,>5x'\"\n", "words", "OR", "AND", "NOT", "true", "IS", "--", "/*", "*/", "$$"]
TOKENS += ["SELECT", "FROM", "documents", ":=", "E'"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=9).map(" ".join))
def test_no_accepted_expression_gets_around_what_stands_beside_it(expression: str) -> None:
    try:
        cut = mine(expression, "false")
    except LowbgError:
        return
    assert kept(ONE, cut) == set()


ONE = connect([document(words(10))])


def test_clean_holds_what_every_rule_keeps_once_and_its_signals() -> None:
    long, other, brief = (document(words(n), f"http://{n}.example/") for n in (60, 70, 40))
    again = document(words(60), "http://again.example/", year=2015)
    con = connect([long, other, brief, again], [(long, again)])
    cut = mine("words >= 50", "year < 2020")
    query = f"SELECT id, words FROM ({clean_view(cut)}) ORDER BY words"
    assert con.execute(query).fetchall() == [(long["id"], 60), (other["id"], 70)]
    con.execute(f"SELECT * FROM ({clean_view(cut)})")
    columns = {column[0] for column in con.description or ()}
    assert {"text", "language", "minhash"} <= columns
    assert "is_first" not in columns
    every = mine("words >= 50", captures="all")
    assert con.execute(f"SELECT count(*) FROM ({clean_view(every)})").fetchone() == (3,)


def test_everything_is_everything_and_first_is_every_text_once() -> None:
    first, again = document("a text", year=2001), document("a text", year=2002)
    con = connect([first, again, document("")], [(first, again)], unannotated=[first["id"]])
    for name, count in (("everything", 3), ("first", 2)):
        found = con.execute(f"SELECT count(*) FROM ({clean_view(load(name))})").fetchone()
        assert found == (count,), name


def test_a_rule_on_duplicates_sees_later_captures_where_a_cut_takes_all() -> None:
    first, again = document("a text", year=2001), document("a text", year=2002)
    con = connect([first, again], [(first, again)])
    cut = mine("is_first OR kind = 'near'", captures="all")
    assert con.execute(f"SELECT year FROM ({clean_view(cut)})").fetchall() == [(2001,)]


def test_what_cannot_be_told_is_dropped_and_told_as_unknown() -> None:
    row = document(words(60))
    con = connect([row], unannotated=[row["id"]])
    for expression in ("words >= 50", "NOT (words < 50)", "words IS NULL AND words > 50"):
        cut = mine(expression)
        assert kept(con, cut) == set()
        assert why(con, cut, row["id"]).verdicts[-1].outcome in ("unknown", "cut")
    assert why(con, mine("words >= 50"), row["id"]).verdicts[-1].outcome == "unknown"


def test_why_shows_each_rule_its_values_and_what_it_said() -> None:
    row = document(words(40), "http://a.example/page")
    found = why(connect([row]), load("gopher"), "http://a.example/page")
    said = {verdict.rule: verdict for verdict in found.verdicts}
    assert (found.id, found.kept) == (row["id"], False)
    assert (said["first"].outcome, said["words"].outcome) == ("kept", "cut")
    assert said["words"].predicate == "gopher_words BETWEEN 50 AND 100000"
    assert said["words"].values == {"gopher_words": 40}
    assert [v.rule for v in found.verdicts] == ["first", *(r.name for r in load("gopher").rules)]


def test_why_asks_which_document_is_meant() -> None:
    rows = [document("one"), document("two", year=2011)]
    con = connect(rows)
    assert why(con, load("first"), rows[1]["id"][:16]).url == rows[1]["url"]
    with pytest.raises(UsageError, match="2 documents have the URL") as caught:
        why(con, load("first"), "http://a.example/")
    assert all(row["id"][:16] in caught.value.next_step for row in rows)
    with pytest.raises(UsageError, match="no document has the id"):
        why(con, load("first"), "0000")


def test_a_file_may_not_call_itself_a_frozen_cut_that_it_is_not(tmp_path: Path) -> None:
    path = tmp_path / "gopher.sql"
    path.write_text(f"{HEADER.replace('mine', 'gopher')}-- rule: a: b\ntrue\n", encoding="utf-8")
    with pytest.raises(UsageError, match="calls itself gopher"):
        load(path)
    path.write_bytes(Path(cuts.__file__).with_name("gopher.sql").read_bytes())
    assert load(path) == load("gopher")


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file"):
        load("absent.sql")
    (tmp_path / "latin.sql").write_bytes(b"-- cut: caf\xe9\n")
    with pytest.raises(UsageError, match="not UTF-8"):
        load(tmp_path / "latin.sql")
    with pytest.raises(EnvironmentFailed):
        load(tmp_path)


def test_another_package_adds_a_cut_by_an_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "polite.sql").write_text(
        f"{HEADER.replace('mine', 'polite')}-- rule: links: few\nmark_urls < 3\n", encoding="utf-8"
    )
    (tmp_path / "polite_cuts.py").write_text(
        "from pathlib import Path\nPOLITE = Path(__file__).with_name('polite.sql')\n"
    )
    info = tmp_path / "polite_cuts-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: polite-cuts\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[lowbackground.cuts]\npolite = polite_cuts:POLITE\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    assert names() == (*FROZEN, "polite")
    assert load("polite").rules[0].predicate == "mark_urls < 3"
