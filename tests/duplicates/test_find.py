"""What `find` says of a corpus with planted near-duplicates, against all pairs worked out."""

from __future__ import annotations

import itertools
import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from archive.duplicates import Options, PartFiles, candidate_probability, find
from archive.engines.local import LocalEngine
from archive.schema import arrow_schema
from tests.duplicates import corpora, reference
from tests.duplicates.corpora import Doc, write_part, write_parts

Rows = list[dict[str, Any]]


def found(folder: Path, docs: list[Doc], options: Options | None = None) -> Rows:
    parts = write_parts(folder / "parts", docs, 3)
    rows: Rows = pq.read_table(find(parts, folder / "work", LocalEngine(), options)).to_pylist()
    return rows


def receipt(folder: Path) -> dict[str, Any]:
    (path,) = (folder / "work").glob("*/duplicates.json")
    facts: dict[str, Any] = json.loads(path.read_bytes())
    return facts


@pytest.fixture(scope="module")
def docs() -> list[Doc]:
    return corpora.planted(seed=1, families=150)


@pytest.fixture(scope="module")
def exact(docs: list[Doc]) -> dict[tuple[str, str], float]:
    return reference.similar_pairs(docs, 0.5)


@pytest.fixture(scope="module")
def rows(docs: list[Doc], tmp_path_factory: pytest.TempPathFactory) -> Rows:
    return found(tmp_path_factory.mktemp("planted"), docs)


def test_the_table_has_its_schema_and_the_order_of_ids(docs: list[Doc], tmp_path: Path) -> None:
    path = find(write_parts(tmp_path, docs, 2), tmp_path / "work", LocalEngine())
    table = pq.read_table(path)
    assert table.schema == arrow_schema("duplicates")
    ids = table["id"].to_pylist()
    assert ids == sorted(set(ids))


def test_every_similarity_is_the_exact_jaccard_with_the_first(
    rows: Rows, exact: dict[tuple[str, str], float]
) -> None:
    later = [row for row in rows if not row["is_first"]]
    assert len(later) > 500
    for row in later:
        assert row["similarity"] == exact[row["cluster"], row["id"]] >= 0.8


def test_nearly_all_similar_pairs_are_seen(
    docs: list[Doc], rows: Rows, exact: dict[tuple[str, str], float]
) -> None:
    # A pair has been missed when both of it are firsts. The rest are in one cluster, or in two
    # because one of the pair has an earlier first that the other is not similar to.
    joined = {row["id"] for row in rows if not row["is_first"]}
    similar = [pair for pair, similarity in exact.items() if similarity >= 0.8]
    missed = [pair for pair in similar if not joined.intersection(pair)]
    assert len(similar) > 2000
    assert len(missed) <= 0.005 * len(similar)


def test_the_clusters_are_those_of_the_policy_over_all_pairs(
    docs: list[Doc], rows: Rows, exact: dict[tuple[str, str], float]
) -> None:
    similar = {pair: s for pair, s in exact.items() if s >= 0.8}
    expected = reference.firsts(docs, similar)
    clusters = {doc.id: doc.id for doc in docs} | {row["id"]: row["cluster"] for row in rows}
    differing = [doc.id for doc in docs if clusters[doc.id] != expected[doc.id]]
    assert len(differing) <= 0.01 * len(docs)


def test_two_documents_of_one_cluster_have_jaccard_of_at_least_three_fifths(
    rows: Rows, exact: dict[tuple[str, str], float]
) -> None:
    # 1 - J is a metric: two texts within 0.2 of a third are within 0.4 of each other.
    clusters = defaultdict(list)
    for row in rows:
        clusters[row["cluster"]].append(row["id"])
    for members in clusters.values():
        for one, two in itertools.combinations(members, 2):
            assert exact.get((one, two), 0) + exact.get((two, one), 0) >= 0.6


def test_the_first_is_the_earliest_by_time_then_id(docs: list[Doc], rows: Rows) -> None:
    order = {doc.id: (doc.captured, doc.id) for doc in docs}
    for row in rows:
        assert row["is_first"] == (row["id"] == row["cluster"])
        assert order[row["cluster"]] <= order[row["id"]]


def test_kind_is_exact_where_an_earlier_document_has_the_text(docs: list[Doc], rows: Rows) -> None:
    seen: set[str] = set()
    again = set()
    for doc in sorted(docs, key=lambda doc: (doc.captured, doc.id)):
        if doc.text in seen:
            again.add(doc.id)
        seen.add(doc.text)
    assert {row["id"] for row in rows if row["kind"] == "exact"} == again
    assert all((row["kind"] is None) == row["is_first"] for row in rows)
    assert any(row["kind"] == "exact" and row["similarity"] < 1 for row in rows)


def test_equal_texts_at_one_time_have_the_smallest_id_first(tmp_path: Path) -> None:
    docs = [Doc(7, "the same words in every one", salt) for salt in range(5)]
    rows = found(tmp_path, docs)
    assert {row["cluster"] for row in rows} == {min(doc.id for doc in docs)}


def test_a_document_without_a_duplicate_has_no_row(tmp_path: Path) -> None:
    docs = [Doc(n, " ".join(corpora.vocabulary(n)[:50])) for n in range(20)]
    assert found(tmp_path, docs) == []


def chain(length: int) -> list[Doc]:
    """Each text has three words of the one before it changed."""
    draw, words = random.Random("chain"), corpora.vocabulary()
    text = corpora.prose(draw, words, 200)
    docs = []
    for step in range(length):
        docs.append(Doc(step, " ".join(text)))
        text = list(text)
        for place in range(step * 3, step * 3 + 3):
            text[place % 200] = f"step{step}x{place}"
    return docs


def test_a_chain_of_small_changes_is_cut_where_it_has_drifted_too_far(tmp_path: Path) -> None:
    docs = chain(200)
    texts = {doc.id: doc.text for doc in docs}
    rows = found(tmp_path, docs)
    clusters = {row["cluster"] for row in rows}
    assert all(reference.jaccard(one.text, two.text) > 0.8 for one, two in itertools.pairwise(docs))
    assert 20 < len(clusters) < 100
    assert all(reference.jaccard(texts[r["cluster"]], texts[r["id"]]) >= 0.8 for r in rows)


def test_no_two_firsts_of_a_chain_are_similar(tmp_path: Path) -> None:
    docs = chain(120)
    joined = {row["id"] for row in found(tmp_path, docs) if not row["is_first"]}
    firsts = [doc for doc in docs if doc.id not in joined]
    pairs = itertools.combinations(firsts, 2)
    assert max(reference.jaccard(one.text, two.text) for one, two in pairs) < 0.8


def test_ten_thousand_equal_texts_are_one_cluster_without_a_comparison(tmp_path: Path) -> None:
    text = "all of these pages say the very same thing and nothing else"
    docs = [Doc(n % 100, text, n) for n in range(10_000)]
    rows = found(tmp_path, docs)
    assert len(rows) == 10_000
    assert {row["cluster"] for row in rows} == {min(docs, key=lambda d: (d.captured, d.id)).id}
    assert receipt(tmp_path)["verified"] == 0
    assert receipt(tmp_path)["largest_bucket"] == 0


def test_a_bucket_of_copies_costs_comparisons_in_proportion_to_its_size(tmp_path: Path) -> None:
    words = corpora.vocabulary()[:300]
    verified = []
    for count in (500, 1000):
        docs = [Doc(n, " ".join([*words, f"number{n}"])) for n in range(count)]
        rows = found(tmp_path / str(count), docs)
        assert len({row["cluster"] for row in rows}) == 1
        verified.append(receipt(tmp_path / str(count))["verified"])
    assert verified[1] <= 8 * 1000
    assert verified[1] <= 2.1 * verified[0]


def template(count: int) -> list[Doc]:
    """Pages of 100 common words and 20 of their own, and slightly edited copies of some."""
    draw, words = random.Random("template"), corpora.vocabulary()
    base = corpora.prose(draw, words, 100)
    docs: list[Doc] = []
    for n in range(count):
        text = base + [f"{draw.choice(words)}{draw.randrange(100)}x" for _ in range(20)]
        if n % 3 == 2:
            text = corpora.edited(draw, words, draw.choice(docs).text.split(), 0.01)
        docs.append(Doc(n, " ".join(text), n))
    return docs


def test_copies_are_found_among_the_pages_of_one_template(tmp_path: Path) -> None:
    docs = template(500)
    expected = reference.firsts(docs, reference.similar_pairs(docs, 0.8))
    rows = found(tmp_path, docs, Options(firsts=8))
    assert receipt(tmp_path)["largest_bucket"] > 100
    assert receipt(tmp_path)["past_firsts"] > 0
    joined = {row["id"] for row in rows if not row["is_first"]}
    copies = {document for document, first in expected.items() if document != first}
    assert len(copies) > 100
    assert len(joined & copies) >= 0.98 * len(copies)


def test_pages_of_one_template_cost_comparisons_in_proportion_to_their_number(
    tmp_path: Path,
) -> None:
    verified = []
    for count in (600, 1200):
        found(tmp_path / str(count), template(count), Options(firsts=4))
        verified.append(receipt(tmp_path / str(count))["verified"])
    assert verified[1] <= 2.4 * verified[0]


def test_the_limit_of_firsts_in_a_bucket_is_counted_where_it_is_met(tmp_path: Path) -> None:
    words = corpora.vocabulary()[:40]
    draw = random.Random("one bucket")
    docs = [
        Doc(n, " ".join(words + corpora.prose(draw, corpora.vocabulary(n), 25))) for n in range(60)
    ]
    found(tmp_path, docs, Options(bands=128, rows=1, firsts=5))
    assert receipt(tmp_path)["past_firsts"] > 0


def test_empty_and_tiny_texts_are_compared_by_what_they_have(tmp_path: Path) -> None:
    texts = ["", " ", "", "one", "One!", "one two", "…", "…", "two one", "日", "日"]
    docs = [Doc(n, text, n) for n, text in enumerate(texts)]
    rows = {row["id"]: row for row in found(tmp_path, docs)}
    clusters = [rows.get(doc.id, {"cluster": doc.id})["cluster"] for doc in docs]
    assert [texts[[doc.id for doc in docs].index(c)] for c in clusters] == [
        *("", "", "", "one", "one", "one two", "…", "…", "two one", "日", "日")
    ]
    assert rows[docs[4].id] | {"kind": "near", "similarity": 1.0} == rows[docs[4].id]


def test_no_parts_and_parts_without_documents_give_an_empty_table(tmp_path: Path) -> None:
    empty = write_part(tmp_path / "empty", [])
    for name, parts in {"none": list[PartFiles](), "one": [empty]}.items():
        table = pq.read_table(find(parts, tmp_path / name, LocalEngine()))
        assert table.num_rows == 0
        assert table.schema == arrow_schema("duplicates")


@pytest.mark.parametrize(("similarity", "expected"), [(0.5, 0.1316), (0.8, 0.9855), (0.9, 1.0)])
def test_the_probability_of_a_candidate_is_that_of_the_curve(
    similarity: float, expected: float
) -> None:
    assert candidate_probability(similarity, Options()) == pytest.approx(expected, abs=5e-4)
