"""The order of policies on novels and on encyclopedia text, as it was published and measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.replay.mixes import ALL_HUMAN, REPLACE
from archive.replay.runs import Config, run
from archive.replay.texts import read_paths, take


def check_order(folder: Path, out: Path, config: Config) -> None:
    """In every seed: replace > preserve 10 % > {subsample, preserve 30 %} > accumulate."""
    _, results = run(take(read_paths([folder])), config, out)
    final = {
        name: [chain[-1]["loss"] for chain in chains]
        for name, chains in results["measures"].items()
    }
    for seed in range(config.seeds):
        last = {name: losses[seed] for name, losses in final.items()}
        assert last[REPLACE] > last["preserve:0.1"] > last["accumulate_subsample"]
        assert last["preserve:0.1"] > last["preserve:0.3"] > last["accumulate"] > last[ALL_HUMAN]
        assert last["accumulate_subsample"] > last["accumulate"]
    assert results["verdicts"][REPLACE] == "COLLAPSES"
    assert results["verdicts"][ALL_HUMAN] == "RESISTS"


@pytest.mark.parametrize("corpus", ["eltec-eng", "wikitext-2-raw"])
def test_the_policies_come_in_their_order(corpus: str, shared_data: Path, tmp_path: Path) -> None:
    policies = ("preserve:0.1", "preserve:0.3", "accumulate", "accumulate_subsample")
    config = Config(policies=policies, seeds=3, words=32_000)
    check_order(shared_data / "text" / corpus, tmp_path, config)


@pytest.mark.slow
@pytest.mark.parametrize("corpus", ["eltec-eng", "wikitext-2-raw"])
def test_all_policies_on_five_seeds_are_ordered_and_judged(
    corpus: str, shared_data: Path, tmp_path: Path
) -> None:
    check_order(shared_data / "text" / corpus, tmp_path, Config())
