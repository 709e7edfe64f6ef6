"""Tails: counts that add up, intervals that are what they say, warnings only where they are due."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.cuts import clean_view, load
from archive.cuts.cut import Cut
from archive.cuts.dimensions import DIMENSIONS
from archive.cuts.parse import parse
from archive.cuts.tails import chance, tails, wilson
from archive.errors import UnknownName
from tests.cuts.made import words
from tests.cuts.tables import Row, connect, document


def cut_of(*rules: str) -> Cut:
    blocks = "".join(f"-- rule: r{i}: of a test\n{rule}\n" for i, rule in enumerate(rules))
    return parse(f"-- cut: mine\n-- source: me\n-- version: 1\n{blocks}", "mine.sql")


@pytest.fixture(scope="module")
def crawl() -> duckdb.DuckDBPyConnection:
    """200 documents of 20 hosts in 2001 and 2010; one is copied, and one has no signals."""
    rows = [
        document(f"{words(n + 1)} number {n}", f"http://h{n % 20}.example/{n}", 2001 + 9 * (n % 2))
        for n in range(200)
    ]
    again = document(rows[7]["text"], "http://late.example/", 2015)
    return connect([*rows, again], [(rows[7], again)], unannotated=[rows[103]["id"]])


@pytest.mark.parametrize("name", ["everything", "first", "preserve", "gopher", "fineweb-2024-04"])
def test_every_dimension_divides_the_same_documents(
    crawl: duckdb.DuckDBPyConnection, name: str
) -> None:
    cut = load(name)
    found = tails(crawl, cut)
    clean = crawl.execute(f"SELECT count(*) FROM ({clean_view(cut)})").fetchone()
    assert clean == (found.overall.kept,)
    assert found.overall.documents == (201 if name == "everything" else 200)
    for by in DIMENSIONS:
        groups = found.of(by)
        for fact in ("documents", "kept", "unknown"):
            total = sum(getattr(group, fact) for group in groups)
            assert total == getattr(found.overall, fact), (by, fact)
        assert all(group.low <= group.share <= group.high for group in groups), by


def test_counts_are_those_of_the_queries_that_the_result_carries(
    crawl: duckdb.DuckDBPyConnection,
) -> None:
    found = tails(crawl, cut_of("year = 2001", "words >= 50"))
    rows = crawl.execute(found.queries["year"]).fetchall()
    assert [(row[0], row[1], row[3]) for row in rows] == [("2001", 100, 76), ("2010", 100, 0)]
    # By hand: n + 3 words, so 47 texts are too short; the unannotated one goes with them.
    assert found.overall.cut_by == {"r0": 100, "r1": 48}
    assert found.overall.unknown == 1


def test_one_rule_is_counted_alone_and_first_over_all_captures(
    crawl: duckdb.DuckDBPyConnection,
) -> None:
    cut = cut_of("year = 2001", "words >= 50")
    assert tails(crawl, cut, "r0").overall.kept == 100
    first = tails(crawl, cut, "first", ["year"])
    assert (first.overall.documents, first.overall.kept) == (201, 200)
    assert [(g.value, g.kept) for g in first.of("year")][-1] == ("2015", 0)


@pytest.mark.parametrize("rule", ["host = 'h1.example'", "id <> ''", "url LIKE '%1'"])
def test_a_rule_may_read_a_column_that_a_dimension_joins_by(
    crawl: duckdb.DuckDBPyConnection, rule: str
) -> None:
    assert len(tails(crawl, cut_of(rule)).groups) > len(DIMENSIONS)


def test_unknown_rules_and_dimensions_list_the_known_ones(
    crawl: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(UnknownName, match="rule of gopher 'word'"):
        tails(crawl, load("gopher"), "word")
    with pytest.raises(UnknownName, match="dimension 'lang'"):
        tails(crawl, load("gopher"), by=["lang"])


def test_a_snapshot_without_documents_has_no_tails() -> None:
    found = tails(connect([]), load("gopher"))
    assert (found.overall.documents, found.groups, found.warnings) == (0, (), ())


def _years(lost: dict[int, tuple[int, int]], hosts: int = 1000) -> tuple[str, ...]:
    """Warnings where of each year so many of so many documents are lost, spread over hosts."""
    rows = [
        document(words(3) if i < gone else words(60), f"http://h{i % hosts}.example/{i}", year)
        for year, (gone, number) in lost.items()
        for i in range(number)
    ]
    return tails(connect(rows), cut_of("words >= 50"), by=["year"]).warnings


def test_a_group_that_loses_far_more_than_the_whole_is_warned_of() -> None:
    (line,) = _years({2001: (30, 300), 2005: (36, 40)})
    assert line.startswith("mine removes 90 % of year 2005 (36 of 40 documents, 40 hosts;")
    assert line.endswith("19 % overall")


@pytest.mark.parametrize(
    "lost",
    [
        {2001: (30, 300), 2005: (3, 30)},  # as much as the rest
        {2001: (0, 300), 2005: (2, 2)},  # two documents are no finding
        {2001: (200, 300), 2005: (5, 5)},  # five of five, where two of three are lost
        {2001: (3, 300), 2005: (20, 300)},  # more than six times as much, but less than 10 points
        {2001: (100, 300), 2005: (150, 300)},  # 50 % and 42 % overall: odds of 1.4
    ],
)
def test_what_may_be_chance_or_little_is_not_warned_of(lost: dict[int, tuple[int, int]]) -> None:
    assert _years(lost) == (), lost


def test_documents_of_few_hosts_are_less_evidence_than_of_many() -> None:
    """A host is lost or kept whole: 100 documents of ten hosts tell as much as ten documents."""
    rows = [
        document(words(3 if host < 4 else 60), f"http://h{host}.example/{page}")
        for host in range(10)
        for page in range(10)
    ]
    whole = tails(connect(rows), cut_of("words >= 50")).overall
    assert (whole.basis, whole.hosts) == ("hosts", 10)
    assert whole.effective == pytest.approx(9)  # ten, less one for the mean that is estimated
    assert (whole.low, whole.high) == wilson(0.6, whole.effective)


def test_wilsons_interval_is_the_published_one() -> None:
    """Newcombe 1998, Statistics in Medicine 17, table I: 81/263, 15/148, 0/20, 1/29."""
    for kept, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(kept / n, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_the_chance_of_a_loss_is_never_understated(n: int, lost: int, rate: float) -> None:
    from math import comb

    lost = min(lost, n)
    exact = sum(comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(lost, n + 1))
    assert chance(lost / n, rate, n) >= exact * (1 - 1e-9)


def test_rarity_is_the_rarefied_count_of_types() -> None:
    """Of 200 words that are 100 pairs, 100 drawn hold 100 * (1 - C(198,100)/C(200,100)) types."""
    from math import comb

    rows = [document(f"{words(100)} {words(100)}"), document(words(99)), document(words(150))]
    expected = 100 * (1 - comb(198, 100) / comb(200, 100))
    assert 70 < expected < 80
    found = tails(connect(rows), load("everything"), by=["rarity"])
    assert [(g.value, g.documents) for g in found.groups] == [
        ("fewer than 100 words", 1),
        ("70 to 79 different", 1),
        ("90 different or more", 1),
    ]


# Real text


def plain(text: str) -> str:
    """As an extractor leaves it: no space at the ends of lines, no empty lines."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


@pytest.fixture(scope="module")
def languages(shared_data: Path) -> duckdb.DuckDBPyConnection:
    """The Declaration of Human Rights in 300 languages and more, each on a host of its name."""
    rows = []
    with zipfile.ZipFile(shared_data / "text/nltk/udhr2.zip") as folder:
        for name in sorted(folder.namelist()):
            text = plain(folder.read(name).decode()) if name.endswith(".txt") else ""
            if text:
                rows.append(document(text, f"http://{Path(name).stem}.udhr.example/"))
    return connect(rows)


def chapters(path: Path, host: str) -> list[Row]:
    """A chapter a document, a verse a line."""
    tree = ElementTree.parse(path)
    found: list[Row] = []
    for chapter in tree.iter("div"):
        if chapter.get("type") == "chapter":
            verses = "\n".join(seg.text or "" for seg in chapter.iter("seg"))
            found.append(document(plain(verses), f"http://{host}.example/{chapter.get('id')}"))
    return found


@pytest.fixture(scope="module")
def minorities(shared_data: Path) -> duckdb.DuckDBPyConnection:
    """Bibles in Gaelic, Manx and Wolof, beside the speeches of American presidents."""
    rows: list[Any] = []
    for name in ("Gaelic-PART", "Manx-PART", "Wolof-NT"):
        rows += chapters(shared_data / f"text/bibles/{name}.xml", name.split("-")[0].lower())
    with zipfile.ZipFile(shared_data / "text/nltk/inaugural.zip") as folder:
        for name in sorted(folder.namelist()):
            text = plain(folder.read(name).decode("latin-1")) if name.endswith(".txt") else ""
            if len(text) > 1000 and "README" not in name:
                rows.append(document(text, f"http://{Path(name).stem}.inaugural.example/"))
    return connect(rows)


def test_every_language_of_the_declaration_survives_preserve(
    languages: duckdb.DuckDBPyConnection,
) -> None:
    found = tails(languages, load("preserve"), by=["language", "script"])
    clean = f"SELECT id FROM ({clean_view(load('preserve'))})"
    lost = languages.execute(f"SELECT host FROM documents WHERE id NOT IN ({clean})").fetchall()
    assert lost == []
    assert found.overall.documents > 300
    assert found.warnings == ()


def test_fineweb_keeps_next_to_nothing_of_the_declaration(
    languages: duckdb.DuckDBPyConnection,
) -> None:
    for name in ("fineweb-2024-04", "fineweb-current"):
        found = tails(languages, load(name))
        print(name, found.overall, *found.warnings, sep="\n  ")
        assert found.overall.share < 0.02, name
    kept = languages.execute(
        f"SELECT DISTINCT language FROM ({clean_view(load('fineweb-2024-04'))})"
    ).fetchall()
    assert set(kept) <= {("en",)}


def test_minority_languages_survive_preserve_and_none_of_them_fineweb(
    minorities: duckdb.DuckDBPyConnection,
) -> None:
    kept = tails(minorities, load("preserve"), by=["host"])
    assert kept.overall.kept == kept.overall.documents
    found = tails(minorities, load("fineweb-2024-04"), by=["host"])
    hosts = {group.value: group for group in found.of("host")}
    print(found.overall, *found.warnings, sep="\n  ")
    for host in ("gaelic.example", "manx.example", "wolof.example"):
        assert hosts[host].documents >= 16
        assert hosts[host].kept == 0
    assert found.overall.kept > 0
