"""Laws of all signals together: total, finite, and a function of each text alone."""

from __future__ import annotations

import math
import random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import signals
from archive.errors import UnknownName
from archive.schema import SIGNALS, arrow_schema
from tests.signals import reference
from tests.signals.made import row, texts


def rows(documents: list[str], batch: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for start in range(0, len(documents), batch):
        part = [{"id": f"{i}", "text": t} for i, t in enumerate(documents)][start : start + batch]
        found += signals.compute(part).to_pylist()
    return found


def test_every_family_gives_exactly_the_columns_that_the_schema_describes() -> None:
    named = [name for family in signals.families().values() for name in family.COLUMNS]
    described = [column.name for column in SIGNALS]
    assert sorted(named) == sorted(set(described) - {"id"})
    assert len(set(described)) == len(described)
    assert all(column.meaning and column.source for column in SIGNALS)
    assert signals.compute([]).schema == arrow_schema("signals")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(texts, st.text(alphabet=st.characters(), max_size=80)), max_size=9))
def test_no_text_is_refused_and_every_value_is_finite(documents: list[str]) -> None:
    for found in rows(documents, 100):
        for name, value in found.items():
            assert not isinstance(value, float) or (math.isfinite(value) and value >= 0), name
        assert len(found["minhash"]) == 512


@settings(max_examples=25, deadline=None)
@given(st.lists(texts, min_size=8, max_size=15))
def test_how_documents_are_batched_changes_no_value(documents: list[str]) -> None:
    whole = rows(documents, len(documents))
    assert rows(documents, 1) == whole
    assert rows(documents, 7) == whole


def test_the_size_of_the_batches_within_changes_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(4)
    words = [
        "one",
        "two",
        "three",
        "four",
        "the",
        "of",
        "...",
        "-",
        "{x|y}",
        "我",
        "cat\n",
        "d\n\n",
    ]
    documents = [" ".join(draw.choices(words, k=draw.randrange(400))) for _ in range(40)]
    expected = rows(documents, 40)
    for size in (1, 300, 5000):
        monkeypatch.setattr(signals, "BATCH", size)
        assert rows(documents, 40) == expected


def test_a_record_batch_and_a_list_of_rows_give_the_same_in_the_same_order() -> None:
    documents = [{"id": "b", "text": "Second."}, {"id": "a", "text": "First of all."}]
    batch = pa.RecordBatch.from_pylist(documents)
    assert signals.compute(batch) == signals.compute(documents)
    assert signals.compute(batch).column("id").to_pylist() == ["b", "a"]


def test_lone_surrogates_and_control_characters_are_counted_not_refused() -> None:
    found = row("\ud800 a\x00b \ufffe \U0010ffff \x85 the end \udfff")
    assert found["pieces"] == 7


def test_an_unknown_family_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName) as error:
        signals.family("minhsh")
    assert "minhash" in error.value.next_step


def test_versions_name_models_tables_and_rules_but_no_library_that_decides_nothing() -> None:
    found = signals.versions()
    assert set(found) == {
        *("rules", "unicode", "minhash"),
        *("lid.176.ftz", "pycld2"),
    }
    assert all(isinstance(value, str) and value for value in found.values())


@settings(max_examples=150, deadline=None)
@given(texts)
def test_repetition_is_what_the_peers_rules_give_step_by_step(text: str) -> None:
    found = row(text)
    for name, value in reference.repetition(text).items():
        assert found[name] == pytest.approx(value, abs=1e-12), name
