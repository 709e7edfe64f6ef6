"""MinHash: the array code is the plain definition, and what it estimates is the similarity."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings

from archive.signals import minhash
from tests.signals import reference
from tests.signals.made import row, texts


@settings(max_examples=60, deadline=None)
@given(texts)
def test_a_signature_is_what_the_plain_definition_gives(text: str) -> None:
    assert row(text)["minhash"] == reference.minhash(text)


def test_a_signature_never_changes_with_a_version_of_anything() -> None:
    # Recorded once: another value is a new RULES number and new signatures for every snapshot.
    golden = np.frombuffer(row("The quick brown fox jumps over the lazy dog.")["minhash"], "<u4")
    assert golden[:4].tolist() == GOLDEN


GOLDEN = [1184524102, 315543942, 751100597, 270484337]


def test_case_white_space_and_punctuation_play_no_part() -> None:
    one = row("The quick brown fox jumps over the lazy dog.")["minhash"]
    assert row("the QUICK brown\n\nfox,   jumps over the lazy dog")["minhash"] == one
    assert row("the quick brown fox jumps over the lazy cat")["minhash"] != one


@pytest.mark.parametrize("text", ["", " ", "one", "one two three four", "!!!", "…", "我"])
def test_texts_of_fewer_than_five_words_have_a_signature_of_their_own(text: str) -> None:
    signature = row(text)["minhash"]
    assert len(signature) == 512
    assert signature == row(f"{text}\n")["minhash"]
    if text.strip():
        assert signature != row("")["minhash"]
        assert signature != row(text + " more")["minhash"]


def edited_pairs() -> list[tuple[str, str, float]]:
    """Texts, edited copies, and the true similarity of their 5-gram sets."""
    draw = random.Random(11)
    vocabulary = [f"w{n}" for n in range(3000)]
    pairs = []
    for share in (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4) * 40:
        one = draw.choices(vocabulary, k=draw.randrange(50, 500))
        other = [draw.choice(vocabulary) if draw.random() < share else word for word in one]
        sets = [{tuple(t[i : i + 5]) for i in range(len(t) - 4)} for t in (one, other)]
        true = len(sets[0] & sets[1]) / len(sets[0] | sets[1])
        pairs.append((" ".join(one), " ".join(other), true))
    return pairs


def test_the_estimate_of_similarity_is_as_good_as_128_permutations_can_be() -> None:
    from archive import signals

    pairs = edited_pairs()
    rows = [{"id": "", "text": text} for pair in pairs for text in pair[:2]]
    found = signals.compute(rows).column("minhash").to_pylist()
    errors = np.array(
        [minhash.jaccard(found[2 * i], found[2 * i + 1]) - pair[2] for i, pair in enumerate(pairs)]
    )
    # The standard error at similarity J is sqrt(J * (1 - J) / 128), at most 1 / sqrt(512).
    expected = [(j * (1 - j) / 128) ** 0.5 * (2 / np.pi) ** 0.5 for *_, j in pairs]
    print(f"mean absolute error {np.abs(errors).mean():.4f}, in theory {np.mean(expected):.4f}")
    assert np.abs(errors).mean() < 1.3 * np.mean(expected)
    assert abs(errors.mean()) < 3 * 0.0442 / len(pairs) ** 0.5
    assert all(error == 0 for error, pair in zip(errors, pairs, strict=True) if pair[2] == 1)
