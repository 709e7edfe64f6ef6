"""Mixes: their names and files, and the training sets they make."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import UnknownName, UsageError
from archive.replay.compose import Sources, compose, human_only
from archive.replay.mixes import POLICIES, Mix, parse, parse_all
from archive.replay.tiers import BLOCK, Blocks, Training

N = 40


def blocks(count: int, first: int) -> Blocks:
    """Blocks that can be told apart: each holds its own number."""
    return np.repeat(np.arange(first, first + count, dtype=np.int32)[:, None], BLOCK, axis=1)


def training(mix: Mix, generation: int = 1, seed: int = 0, step_matched: bool = True) -> Training:
    archive = blocks(2 * N, 0)
    synthetic = [blocks(N, 1000 * (g + 1)) for g in range(generation)]
    before = human_only(archive[:N])
    sources = Sources(N, archive, blocks(10 * N, 500), synthetic, before)
    return compose(mix, sources, generation, step_matched, seed)


def test_a_policy_says_the_same_however_it_is_written() -> None:
    assert parse("preserve") == parse("preserve:0.1") == parse("preserve:0.10:random:swap")
    assert parse("preserve:0.1:fixed:add") == parse("preserve:0.1:add:fixed")
    assert parse("preserve:1.0").alpha == 0


@pytest.mark.parametrize(
    "text", ["presreve", "preserve:2", "preserve:x", "accumulate:0.1", "fresh:0.1:fixed", "no.toml"]
)
def test_a_policy_that_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


def test_the_controls_are_in_every_run() -> None:
    assert [mix.name for mix in parse_all(["fresh:0.2"])] == ["all_human", "replace", "fresh:0.2"]


def test_a_file_is_a_policy_and_a_misspelt_key_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text("alpha = 0.6\nbeta = 0.1\ngamma = 0.2\nfresh = 0.1\noriginals = 'fixed'\n")
    mix = parse(str(file))
    assert (mix.name, mix.originals) == ("ours", "fixed")
    assert mix.human_share == pytest.approx(0.4)
    file.write_text("alpha = 0.5\ngama = 0.5\n")
    with pytest.raises(UnknownName, match="gama"):
        parse(str(file))
    file.write_text("alpha = 0.5\ngamma = 0.4\n")
    with pytest.raises(UsageError, match=r"0\.9"):
        parse(str(file))


def test_a_file_may_not_take_the_name_of_another_policy(tmp_path: Path) -> None:
    (tmp_path / "replace.toml").write_text("alpha = 0.5\ngamma = 0.5\n")
    with pytest.raises(UsageError, match="replace"):
        parse_all([str(tmp_path / "replace.toml")])


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("generation", [1, 4])
def test_step_matched_every_policy_trains_as_long(name: str, generation: int) -> None:
    data = training(parse(name), generation)
    assert data.weights.sum() == pytest.approx(N)
    assert len(data.blocks) == len(data.weights) == len(data.human)


@given(st.integers(0, 100), st.integers(0, 2**32))
def test_swapped_originals_keep_the_size_and_have_their_share(percent: int, seed: int) -> None:
    data = training(parse(f"preserve:{percent / 100}"), seed=seed)
    assert len(data.blocks) == N
    assert abs(data.human.sum() - percent / 100 * N) <= 1
    assert len(np.unique(data.blocks[:, 0])) == N, "no block twice"


def test_what_is_called_human_is_human() -> None:
    for name in POLICIES:
        data = training(parse(name), 3)
        assert np.array_equal(data.human, data.blocks[:, 0] < 1000), name


def test_added_originals_come_on_top() -> None:
    data = training(parse("preserve:0.25:add"))
    assert (len(data.blocks), data.human.sum()) == (N + 10, 10)
    assert training(parse("preserve:0.25:add"), step_matched=False).weights.sum() == N + 10


def test_fixed_originals_stay_and_random_ones_change() -> None:
    def originals(name: str, generation: int) -> set[int]:
        data = training(parse(name), generation, seed=generation)
        return set(data.blocks[data.human, 0].tolist())

    assert originals("preserve:0.2:fixed", 1) == originals("preserve:0.2:fixed", 2)
    assert originals("preserve:0.2", 1) != originals("preserve:0.2", 2)


def test_fresh_text_is_never_used_twice() -> None:
    seen: list[int] = []
    for generation in range(1, 6):
        data = training(parse("fresh:0.3"), generation)
        seen += data.blocks[data.human, 0].tolist()
    assert len(seen) == len(set(seen)) == 60


def test_accumulating_keeps_everything_and_subsampling_a_budget_of_it() -> None:
    everything = training(parse("accumulate"), 3)
    assert (len(everything.blocks), everything.human.sum()) == (4 * N, N)
    some = training(parse("accumulate_subsample"), 3)
    assert len(some.blocks) == N
    assert set(some.blocks[:, 0]) <= set(everything.blocks[:, 0])


def test_weights_of_originals_and_synthetic_text_are_the_shares() -> None:
    data = training(parse("weighted:0.7"))
    assert len(data.blocks) == 2 * N
    assert data.weights[data.human].sum() / data.weights.sum() == pytest.approx(0.7)
