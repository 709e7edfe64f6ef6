"""What is written: the same as transformers writes, the same whatever the batch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import OPTForCausalLM

from archive.replay.opt import generate as module
from archive.replay.opt.decoder import Decoder
from archive.replay.opt.generate import distribution, generate
from archive.replay.opt.presets import PRESETS, Decoding
from archive.replay.opt.train import from_start
from archive.replay.tiers import BLOCK, Blocks
from tests.replay.opt.models import VOCABULARY, network, prompts

GREEDY = Decoding(greedy=True)
OPTIONS: list[dict[str, Any]] = [
    {},
    {"do_layer_norm_before": False},
    {"word_embed_proj_dim": 16},
    {"enable_bias": False},
    {"activation_function": "gelu"},
]


def theirs(model: OPTForCausalLM, texts: Blocks, **options: Any) -> Blocks:
    """What `generate` of transformers writes, always of full length."""
    written: Any = model
    read = from_start(model, torch.from_numpy(texts.astype(np.int64)))
    out = written.generate(
        read, attention_mask=torch.ones_like(read), max_new_tokens=BLOCK, min_new_tokens=BLOCK,
        pad_token_id=0, **options,
    )  # fmt: skip
    blocks: Blocks = out[:, -BLOCK:].numpy().astype(np.int32)
    return blocks


@pytest.mark.parametrize("options", OPTIONS)
def test_a_step_with_the_cache_gives_the_logits_of_a_whole_pass(options: dict[str, Any]) -> None:
    model, texts = network(**options), torch.from_numpy(prompts(3).astype(np.int64))
    for beams in (1, 2):
        decoder = Decoder(model)
        got = [decoder.start(texts[:, :10], written=54, beams=beams).repeat_interleave(beams, 0)]
        for column in range(10, 63):
            got.append(decoder.step(texts[:, column].repeat_interleave(beams)))
        whole = model(input_ids=texts).logits[:, 9:63].repeat_interleave(beams, 0)
        assert torch.allclose(torch.stack(got, dim=1), whole, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize(("options", "penalty"), [(OPTIONS[0], 2.0), *((o, 1.0) for o in OPTIONS)])
def test_the_most_probable_tokens_are_those_of_transformers(
    options: dict[str, Any], penalty: float
) -> None:
    model, texts = network(**options), prompts(6)
    ours = generate(model, texts, replace(GREEDY, repetition_penalty=penalty), 0)
    assert np.array_equal(ours, theirs(model, texts, do_sample=False, repetition_penalty=penalty))


@pytest.mark.parametrize("name", ["nature", "nature-ablation", "nature-released"])
def test_beam_search_is_that_of_transformers(name: str) -> None:
    model, texts, decoding = network(scale=3.0), prompts(6), PRESETS[name].decoding
    expected = theirs(
        model, texts, do_sample=False, num_beams=5, repetition_penalty=decoding.repetition_penalty
    )
    assert np.array_equal(generate(model, texts, decoding, 0), expected)


@given(count=st.integers(1, 9), room=st.integers(1, 9), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=10, deadline=None)
def test_what_follows_a_prompt_does_not_depend_on_its_batch(
    count: int, room: int, seed: int
) -> None:
    model, texts = network(), prompts(count)
    with pytest.MonkeyPatch.context() as patched:
        whole = generate(model, texts, Decoding(top_k=10), seed)
        patched.setattr(module, "batch_size", lambda *_: room)
        assert np.array_equal(generate(model, texts, Decoding(top_k=10), seed), whole)
        assert np.array_equal(generate(model, texts[:1], Decoding(top_k=10), seed), whole[:1])


@pytest.mark.parametrize(
    "decoding",
    [Decoding(), Decoding(top_k=5), Decoding(top_p=0.8), Decoding(top_k=7, temperature=1.7)],
)
def test_tokens_are_drawn_as_often_as_the_model_says(decoding: Decoding) -> None:
    """A chi-square of the first token over 4,000 draws, below the quantile of 1 in 10,000."""
    model, draws = network(), 4_000
    texts = np.repeat(prompts(1), draws, axis=0)
    read = from_start(model, torch.from_numpy(texts[:1].astype(np.int64)))
    logits = model(input_ids=read).logits[:, -1]
    logits[:, 0] = -torch.inf
    expected = exact(logits[0], decoding) * draws
    with pytest.MonkeyPatch.context() as patched:
        # One token is all that is looked at.
        chances = module.chances
        patched.setattr(module, "chances", lambda s, f, c, length: chances(s, f, c, 1))
        drawn = module.generate(model, texts, decoding, 5)[:, 0]
    counts = np.bincount(drawn, minlength=VOCABULARY)
    assert counts[expected == 0].sum() == 0
    often = expected >= 5
    parts = (counts[often] - expected[often]) ** 2 / expected[often]
    freedom = often.sum() - 1
    assert parts.sum() < freedom + 4 * np.sqrt(2 * freedom) + 8


def exact(logits: torch.Tensor, decoding: Decoding) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The distribution that a decoding stands for, worked out plainly in double precision."""
    scores = logits.double().numpy() / decoding.temperature
    order = np.argsort(-scores)
    p = np.exp(scores - scores.max())
    if decoding.top_k:
        p[order[decoding.top_k :]] = 0
    p /= p.sum()
    if decoding.top_p < 1:
        reached = int(np.searchsorted(np.cumsum(p[order]), decoding.top_p)) + 1
        p[order[reached:]] = 0
    whole: np.ndarray[Any, np.dtype[np.float64]] = p / p.sum()
    return whole


def test_tokens_of_equal_weight_at_the_edge_are_not_lost() -> None:
    tokens, running = distribution(torch.zeros(1, 8), Decoding(top_p=0.5))
    assert tokens.shape == (1, 8)
    assert running[0, -1].item() == pytest.approx(0.5)


def test_the_end_of_a_text_is_never_written() -> None:
    model = network(eos_token_id=7)
    model.lm_head.weight[7] *= 9
    for decoding in (Decoding(), Decoding(top_k=3), GREEDY, Decoding(beams=3)):
        assert not (generate(model, prompts(4), decoding, 1) == 7).any()
