"""The estimated share on real labelled text; `tests.bench.audit_study` is the whole of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archive.audit.estimate import Reference, Settings, Text, estimate
from archive.audit.estimate.bag import Bag, Collector
from archive.audit.estimate.nulls import mixture
from tests.audit.estimate.labelled import Pairs, families, human_sources

SMALL = Settings(least_sentences=50)


def bag(texts: list[Text], reference: Reference) -> Bag:
    held = Collector(10**6, reference.lexicon)
    for text in texts:
        held.add(text)
    return held.bag()


def halves(pairs: Pairs, seed: int) -> tuple[Reference, Bag, Bag]:
    """A reference of a random half of the pairs, and the other half's two sides."""
    groups = np.array(sorted({text.group for side in pairs for text in side}))
    kept = set(np.random.default_rng(seed).permutation(groups)[: len(groups) // 2].tolist())
    archive = [[text for text in side if text.group in kept] for side in pairs]
    reference = Reference.build(archive[0], archive[1], SMALL)
    rest = [[text for text in side if text.group not in kept] for side in pairs]
    return reference, bag(rest[0], reference), bag(rest[1], reference)


def hits(pairs: Pairs, splits: int, shares: tuple[float, ...]) -> list[bool]:
    found = []
    for split in range(splits):
        reference, people, machine = halves(pairs, split)
        for share in shares:
            mixed = mixture(people, machine, share, np.random.default_rng([split, 1]))
            assert mixed is not None
            answer = estimate(reference, mixed[0])
            if answer.low is not None and answer.high is not None:
                found.append(answer.low <= mixed[1] <= answer.high)
    return found


def test_held_out_abstracts_lie_in_their_intervals(shared_data: Path) -> None:
    found = hits(families(shared_data)["cs224n / gpt-3.5"], 2, (0.0, 0.1, 0.5, 1.0))
    assert len(found) >= 6
    assert sum(found) >= len(found) - 1


def test_a_model_that_writes_like_its_prompt_is_not_identifiable(shared_data: Path) -> None:
    reference, people, _ = halves(families(shared_data)["squad / gpt2-xl"], 0)
    assert estimate(reference, people).reason.startswith("identifiable: ")


def test_too_small_a_family_is_undetermined(shared_data: Path) -> None:
    reference, people, _ = halves(families(shared_data)["college / gpt-3.5"], 0)
    assert estimate(reference, people).reason.startswith("references: ")


@pytest.mark.parametrize("source", ["novels (eltec)", "non-native essays (toefl)"])
def test_human_text_of_another_register_is_undetermined(shared_data: Path, source: str) -> None:
    reference, _, _ = halves(families(shared_data)["pubmed / gpt-4"], 0)
    answer = estimate(reference, bag(human_sources(shared_data)[source], reference))
    assert answer.estimate is None
    assert answer.reason.startswith("drift: ")


@pytest.mark.slow
@pytest.mark.parametrize("family", ["pubmed / gpt-4", "hewlett / gpt-3.5 simplified"])
def test_coverage_over_two_hundred_mixtures(shared_data: Path, family: str) -> None:
    found = hits(families(shared_data)[family], 25, (0, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1))
    assert len(found) >= 200
    assert sum(found) >= 0.93 * len(found)
