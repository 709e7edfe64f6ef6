"""The other ways to a share: a detector's scores, dated text, and what a calibration says."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from archive.audit.calibrate import calibrate
from archive.audit.result import to_json
from archive.audit.run import audit
from archive.errors import UsageError
from tests.audit.made import essay, write_jsonl
from tests.audit.orders import order, rows_of


def test_a_detectors_scores_are_corrected_by_its_errors(mixed: Path, tmp_path: Path) -> None:
    draw = random.Random(8)

    def scores(of: str, count: int, synthetic: float) -> list[dict[str, Any]]:
        return [
            {"of": of, "score": draw.gauss(2.0 if n < synthetic * count else 0.0, 1.0)}
            for n in range(count)
        ]

    rows = [*scores("corpus", 800, 0.3), *scores("human", 800, 0), *scores("synthetic", 800, 1)]
    path = write_jsonl(tmp_path / "s.jsonl", rows)
    found = to_json(audit(order(mixed, scores=path)))["detector"]
    assert found["low"] <= 0.3 <= found["high"]
    assert found["high"] - found["low"] < 0.25
    for wrong in ({"of": "me", "score": 1}, {"of": "human", "score": "high"}, {"score": 1}):
        write_jsonl(path, [*rows, wrong])
        with pytest.raises(UsageError, match=r"s\.jsonl:2401"):
            audit(order(mixed, scores=path))


def test_dated_text_gives_a_lower_bound_by_its_words_alone(mixed: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    for year in range(2017, 2025):
        kinds = ["synthetic" if year == 2024 and n < 30 else "human" for n in range(90)]
        texts = [essay(year * 1000 + n, kind) for n, kind in enumerate(kinds)]
        rows += rows_of(texts, year=year)
    path = write_jsonl(tmp_path / "dated.jsonl", rows)
    found = to_json(audit(order(mixed, corpora=(str(path),))))["excess_vocabulary"]
    assert found["language"] == "en"
    assert set(found["years"]) == {"2023", "2024"}
    assert found["years"]["2024"]["low"] <= 1 / 3


def test_a_calibration_says_what_known_mixtures_are_read_as(mixed: Path) -> None:
    found = calibrate(order(mixed, corpora=(), synthetic=(str(mixed / "made.jsonl"),)))
    assert found["estimable"] == ["en"]
    points = found["languages"]["en"]["spike_in"]
    assert len(points) >= 5
    assert all(abs(point["share"] - point["true"]) < 0.2 for point in points)
    assert {null["source"] for null in found["languages"]["en"]["nulls"]} == {
        f"h{n}.org" for n in range(6)
    }
    with pytest.raises(UsageError, match="without synthetic"):
        calibrate(order(mixed, corpora=()))
