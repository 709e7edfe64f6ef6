"""Audits from end to end: three numbers that sum, in any order of reading, or why not."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archive.audit import passes, tally
from archive.audit.result import to_json
from archive.audit.run import audit
from archive.errors import EnvironmentFailed, UsageError
from tests.audit.made import PARTS, WHOLE, Capture, commit, essay, prose, write_jsonl
from tests.audit.orders import ESSAYS, order, rows_of


def test_the_three_numbers_of_a_mixed_corpus(mixed: Path) -> None:
    found = to_json(audit(order(mixed, synthetic=(str(mixed / "made.jsonl"),), by=("host",))))
    assert found["documents"] == 211
    assert found["proven_human"]["documents"] == pytest.approx(50 / 211)
    assert found["judged"] == pytest.approx(160 / 211)
    assert found["undetermined"]["share"] == pytest.approx(1 / 211)
    assert list(found["undetermined"]["reasons"]) == ["de: no synthetic reference in this language"]
    assert found["ai_share"]["low"] <= 40 / 160 <= found["ai_share"]["high"]
    assert abs(found["ai_share"]["estimate"] - 40 / 160) < 0.06
    assert found["gates"]["en"]["identifiable"]["passed"]
    assert found["against"]["content_root"]
    assert len(found["references"]["languages"]["en"]["digest"]) == 64
    for each in (found, *found["slices"]):
        parts = each["proven_human"]["documents"], each["judged"], each["undetermined"]["share"]
        assert sum(parts) == pytest.approx(1)
    by_host = {each["value"]: each for each in found["slices"]}
    assert {host: each["documents"] for host, each in by_host.items()} == {
        "a.org": 50,
        "b.org": 160,
        "c.de": 1,
    }
    assert by_host["a.org"]["proven_human"]["documents"] == 1
    assert by_host["b.org"]["ai_share"]["estimate"] == found["ai_share"]["estimate"]
    assert by_host["c.de"]["ai_share"]["estimate"] is None


def test_neither_the_order_of_rows_and_files_nor_the_workers_change_the_answer(
    mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [json.loads(line) for line in (mixed / "c.jsonl").read_text("utf-8").splitlines()]
    random.Random(5).shuffle(rows)
    write_jsonl(tmp_path / "one.jsonl", rows[:90])
    write_jsonl(tmp_path / "two.jsonl", rows[90:])
    asked = order(mixed, synthetic=(str(mixed / "made.jsonl"),), by=("year",))
    first = to_json(audit(asked))
    monkeypatch.setattr(passes, "BATCH_ROWS", 7)
    files = (str(tmp_path / "two.jsonl"), str(tmp_path / "one.jsonl"))
    again = to_json(audit(replace(asked, corpora=files, workers=2)))
    assert [first.pop("corpora"), again.pop("corpora")] == [
        [str(mixed / "c.jsonl")],
        sorted(files),
    ]
    assert again == first


def test_without_synthetic_text_there_is_provenance_and_no_estimate(mixed: Path) -> None:
    found = to_json(audit(order(mixed)))
    assert found["ai_share"]["estimate"] is None
    assert "no synthetic reference" in found["ai_share"]["reason"]
    assert found["undetermined"]["share"] == pytest.approx(161 / 211)
    assert found["gates"] == {}


def test_text_that_no_reference_tells_apart_is_undetermined(mixed: Path, tmp_path: Path) -> None:
    same = write_jsonl(
        tmp_path / "same.jsonl", rows_of([essay(n, "human") for n in range(5000, 5120)])
    )
    found = to_json(audit(order(mixed, synthetic=(str(same),))))
    assert found["ai_share"]["estimate"] is None
    assert "identifiable" in found["ai_share"]["reason"]
    assert not found["gates"]["en"]["identifiable"]["passed"]


def test_half_a_corpus_encoded_again_is_found_to_within_one_per_cent(tmp_path: Path) -> None:
    texts = [prose(seed, 250) for seed in range(240)]
    commit(tmp_path / "store", [Capture(t, f"h{n % 30}.org") for n, t in enumerate(texts)], parts=3)
    encoders = (*WHOLE, *PARTS)
    again = [encoders[n % len(encoders)](text) for n, text in enumerate(texts)]
    new = [
        encoders[n % len(encoders)](prose(seed, 250)) for n, seed in enumerate(range(5000, 5240))
    ]
    write_jsonl(tmp_path / "c.jsonl", rows_of(again + new))
    found = to_json(audit(order(tmp_path)))["proven_human"]
    sizes = [sum(len(text.encode()) for text in half) for half in (again, new)]
    assert found["documents"] == 0.5
    assert abs(found["bytes"] - sizes[0] / sum(sizes)) < 0.01


def test_unrelated_documents_raise_no_byte_that_is_proved(mixed: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (mixed / "c.jsonl").read_text("utf-8").splitlines()]
    more = rows_of([prose(seed) for seed in range(50)])
    write_jsonl(tmp_path / "more.jsonl", rows + more)
    counts = [
        audit(order(mixed, corpora=(str(path),))).judged[0].tally
        for path in (mixed / "c.jsonl", tmp_path / "more.jsonl")
    ]
    assert counts[1].documents == counts[0].documents + 50
    assert (counts[1].proven, counts[1].proven_bytes) == (counts[0].proven, counts[0].proven_bytes)


@pytest.mark.parametrize("name", ["w.parquet", "w.jsonl"])
def test_every_matched_document_has_its_witness(mixed: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    found = audit(order(mixed), path)
    if name.endswith("parquet"):
        rows = pq.read_table(path).to_pylist()
    else:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert len(rows) == found.witnesses == 50
    assert {row["match"] for row in rows} == {"exact"}
    assert {row["grade"] for row in rows} == {"consistent"}
    assert all(str(row["captured_at"]).startswith("2008-04-30") for row in rows)
    assert all(row["witness_url"].startswith("http://h") for row in rows)
    places = [int(row["place"].rpartition(":")[2]) for row in rows]
    assert places == sorted(places)
    lines = (mixed / "c.jsonl").read_text("utf-8").splitlines()
    assert all(json.loads(lines[place - 1])["text"] in ESSAYS for place in places)


def test_a_file_whose_name_is_no_utf_8_has_witnesses(mixed: Path, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.jsonl")
    path.write_bytes((mixed / "c.jsonl").read_bytes())
    audit(order(mixed, corpora=(str(path),)), tmp_path / "w.jsonl")
    row = json.loads((tmp_path / "w.jsonl").read_text("utf-8").splitlines()[0])
    assert row["corpus"] == f"{tmp_path}/\ufffd.jsonl"


def test_an_audit_against_files_has_witnesses_without_date_or_grade(
    mixed: Path, tmp_path: Path
) -> None:
    human = write_jsonl(tmp_path / "human.jsonl", rows_of(ESSAYS))
    found = to_json(audit(order(mixed, against=(str(human),)), tmp_path / "w.jsonl"))
    assert found["proven_human"]["documents"] == pytest.approx(50 / 211)
    assert found["against"]["documents"] == 150
    row = json.loads((tmp_path / "w.jsonl").read_text("utf-8").splitlines()[0])
    assert (row["grade"], row["captured_at"]) == ("none", None)
    assert row["witness_url"].startswith(f"{human}:")


def test_a_snapshot_and_a_cut_file_can_be_corpus_and_reference(mixed: Path) -> None:
    found = to_json(audit(order(mixed, corpora=("web@1",), by=("host", "grade"))))
    assert found["proven_human"]["documents"] == 1
    assert {(s["by"], s["value"]) for s in found["slices"]} == {
        *(("host", f"h{n}.org") for n in range(6)),
        ("grade", "consistent"),
    }
    with pytest.raises(UsageError, match="no signals"):
        audit(order(mixed, cut="preserve"))


def test_a_column_to_slice_by_that_is_not_there_is_an_error_that_lists_those_that_are(
    mixed: Path,
) -> None:
    with pytest.raises(UsageError, match="no column 'genre'") as raised:
        audit(order(mixed, by=("genre",)))
    assert "columns there: date, url" in raised.value.next_step


def test_a_column_of_too_many_values_is_refused(
    mixed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "MOST_VALUES", 2)
    with pytest.raises(UsageError, match="more than 2 values"):
        audit(order(mixed, by=("host",)))


def test_slices_beyond_the_largest_are_undetermined_and_say_so(mixed: Path) -> None:
    asked = order(mixed, synthetic=(str(mixed / "made.jsonl"),), by=("date",), most_estimated=1)
    found = {s["value"]: s for s in to_json(audit(asked))["slices"]}
    assert "largest" in found["2024"]["ai_share"]["reason"]
    assert "largest" not in found["2021"]["ai_share"]["reason"]


def test_a_corpus_that_changes_between_its_two_readings_is_no_answer(
    mixed: Path, tmp_path: Path
) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes((mixed / "c.jsonl").read_bytes())

    def grow(phase: str, done: int, total: int) -> None:
        if phase == "reading what is left" or (phase == "matching" and done == total):
            path.write_bytes(path.read_bytes() + b'{"text": "One more."}\n')

    asked = order(mixed, corpora=(str(path),), synthetic=(str(mixed / "made.jsonl"),))
    with pytest.raises(EnvironmentFailed, match="changed while"):
        audit(asked, progress=grow)


def test_a_corpus_without_a_document_is_an_error_that_says_what_was_left_out(
    mixed: Path, tmp_path: Path
) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"body": "x"}\n{"body": "y"}\n')
    with pytest.raises(UsageError, match="no document") as raised:
        audit(order(mixed, corpora=(str(path),)))
    assert "2 no text" in raised.value.next_step


def test_a_page_of_a_site_that_the_archive_has_is_of_no_unseen_source(
    mixed: Path, tmp_path: Path
) -> None:
    asked = order(mixed, synthetic=(str(mixed / "made.jsonl"),))
    rows = [json.loads(line) for line in (mixed / "c.jsonl").read_text("utf-8").splitlines()]
    unseen = []
    for site in ("www.h1.org", "x.org"):
        path = write_jsonl(tmp_path / "c.jsonl", [{**row, "url": f"http://{site}"} for row in rows])
        gates = to_json(audit(replace(asked, corpora=(str(path),))))["gates"]["en"]
        unseen.append(gates["drift"]["detail"]["unseen_sources"])
    assert unseen == [0, 1]


def test_any_seed_gives_an_answer(mixed: Path) -> None:
    settings = replace(order(mixed).settings, seed=2**70)
    asked = order(mixed, synthetic=(str(mixed / "made.jsonl"),), seed=2**70, settings=settings)
    ai = to_json(audit(asked))["ai_share"]
    assert ai["low"] <= 40 / 160 <= ai["high"]


def test_synthetic_files_without_a_text_are_an_error_that_says_what_was_left_out(
    mixed: Path, tmp_path: Path
) -> None:
    path = write_jsonl(tmp_path / "s.jsonl", [{"body": "x"}, {"body": "y"}])
    with pytest.raises(UsageError, match=r"no text in .*s\.jsonl") as raised:
        audit(order(mixed, synthetic=(str(path),)))
    assert "2 no text" in raised.value.next_step


def test_what_wrote_a_synthetic_text_is_read_from_every_kind_of_file(
    mixed: Path, tmp_path: Path
) -> None:
    rows = [json.loads(line) for line in (mixed / "made.jsonl").read_text("utf-8").splitlines()]
    for n, row in enumerate(rows):
        row["model"] = f"model {n % 2}"
    write_jsonl(tmp_path / "s.jsonl", rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "s.parquet")
    made = []
    for name in ("s.jsonl", "s.parquet"):
        found = audit(order(mixed, synthetic=(str(tmp_path / name),))).references
        assert found is not None
        made.append(found.of["en"])
    assert made[0].synthetic.names == ("model 0", "model 1")
    assert made[0].digest == made[1].digest


def test_a_stopped_audit_leaves_no_file(mixed: Path, tmp_path: Path) -> None:
    def stop(phase: str, done: int, total: int) -> None:
        if phase == "matching":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit(order(mixed), tmp_path / "w.jsonl", stop)
    assert list(tmp_path.iterdir()) == []
