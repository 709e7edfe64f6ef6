"""The page and the result file: they say what they stand on, and hold no more than text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archive.audit.answer import Judged
from archive.audit.charts import fitting, intervals, thirds
from archive.audit.estimate import AiShare
from archive.audit.match import Proof
from archive.audit.page import body
from archive.audit.result import write_json, write_whole
from archive.audit.tally import WHOLE, Tallies, Tally


def share(estimate: float | None, low: float, high: float, sentences: int) -> AiShare:
    if estimate is None:
        return AiShare(None, None, None, "size: too few", {}, sentences, 10)
    return AiShare(estimate, low, high, "", {}, sentences, 10)


def tally(**rest: int) -> Tally:
    made = Tally()
    made.add(1000, 10, Proof("exact", 1.0, 0), "en", ("claimed", 2008))
    made.add(1000, 10, Proof("passages", 0.25, 0), "en", ("", 0))
    for language, count in rest.items():
        for _ in range(count):
            made.add(500, 5, Proof(), language, ("", 0))
    return made


def test_languages_are_weighted_by_their_sentences_and_unknown_ones_left_undetermined() -> None:
    made = tally(en=6, de=2, xx=1)
    shares = {
        "en": share(0.4, 0.3, 0.5, 20),  # a sample of the 40 that the tally counts
        "de": share(0.1, 0.0, 0.3, 20),
        "fr": share(None, 0, 0, 5),
    }
    made.add(10, 1, Proof(), "fr", ("", 0))
    judged = Judged(WHOLE, made, shares, {"xx": "not known"})
    ai = judged.ai_share()
    assert ai["estimate"] == pytest.approx((0.4 * 40 + 0.1 * 10) / 50)
    assert (ai["low"], ai["high"]) == pytest.approx((0.24, 0.46))
    assert (ai["sentences"], ai["documents"]) == (50, 9)
    found = judged.to_json()
    assert found["judged"] == pytest.approx(9 / 12)
    assert found["undetermined"]["reasons"] == {
        "fr: size: too few": pytest.approx(1 / 12),
        "not known": pytest.approx(1 / 12),
    }
    assert found["proven_human"]["documents"] == pytest.approx(1 / 12)
    assert found["proven_human"]["bytes"] == 1250 / (2000 + 9 * 500 + 10)
    assert found["proven_human"]["documents_by_match"] == {"exact": 1, "passages": 1}


def test_a_slice_that_is_all_proven_has_nothing_left_to_estimate() -> None:
    made = Tally()
    made.add(10, 1, Proof("exact", 1.0, 0), "en", ("claimed", 2008))
    found = Judged(WHOLE, made, {}, {}).to_json()
    assert found["ai_share"]["reason"] == "nothing is left to estimate"
    assert found["undetermined"] == {"share": 0, "reasons": {}}


def test_the_largest_slices_are_those_with_most_left_to_estimate() -> None:
    tallies = Tallies(("host",))
    for host, size in (("a", 2), ("b", 9), ("c", 5)):
        for _ in range(size):
            tallies.at(("host", host)).add(1, 3, Proof(), "en", ("", 0))
    tallies.at(("host", "proven")).add(1, 999, Proof("exact", 1.0, 0), "en", ("claimed", 2008))
    assert tallies.largest(2) == [WHOLE, ("host", "b"), ("host", "c")]


def result(**other: Any) -> dict[str, Any]:
    whole = Judged(WHOLE, tally(en=6), {"en": share(0.4, 0.3, 0.5, 300)}, {}).to_json()
    return {
        **whole,
        "gates": {},
        "slices": [{"by": "host", "value": "<b>&", **whole}],
        "excess_vocabulary": {"language": "", "years": {}},
        "detector": None,
        "corpora": ["c.jsonl"],
        "left_out": {"not JSON": {"rows": 2, "first": ["c.jsonl:7: <script>"]}},
        "against": {
            "snapshot": "web@1",
            "content_root": "ab" * 32,
            "cut": "everything",
            "least_grade": "claimed",
        },
        "references": None,
        "matching": {},
        "settings": None,
        "seed": 3,
        "note": "A note.",
        **other,
    }


def test_the_page_states_the_root_the_sum_and_what_was_left_out() -> None:
    page = body(result())
    assert "ab" * 32 in page
    assert "12.5 % are proven human, 87.5 % are estimated" in page
    assert "40.0 % [30.0, 50.0]" in page
    assert "c.jsonl:7: &lt;script&gt;" in page
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;" in page


def test_charts_of_nothing_and_of_extremes_are_pictures() -> None:
    for rows in ([], [("all", 1.0, 0.0, 0.0)], [("x" * 300, 0.0, 0.0, 1.0)]):
        assert thirds("t", rows).endswith("</svg>\n")
    for intervals_ in ([], [("all", 0.5, -0.2, 1.3)], [("a", 0.0, 0.0, 0.0)]):
        assert "nan" not in intervals("t", intervals_)
    assert fitting("漢" * 40, 10) == "漢漢漢漢…"


def test_a_name_that_is_no_utf_8_is_written_as_an_escape(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_json({"corpora": ["\udcff.jsonl"]}, path)
    assert json.loads(path.read_text("utf-8")) == {"corpora": ["\udcff.jsonl"]}


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.json"
    write_json({"a": "é"}, path)
    assert json.loads(path.read_text("utf-8")) == {"a": "é"}

    def full(_: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="full"):
        write_whole(path, "other")
    assert json.loads(path.read_text("utf-8")) == {"a": "é"}
    assert list(tmp_path.iterdir()) == [path]
