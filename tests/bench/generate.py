"""Tokens a second written by the OPT tier, against plain `model.generate` of transformers.

    python -m tests.bench.generate [BLOCKS]

The same tiny model, trained for a moment on the bundled words so that its choices are a model's,
and the same prompts, on one thread, in turns, each the best of three. transformers is given each of
several batch sizes and credited with its best one. Rates are by CPU seconds of this process, so
that a busy machine does not decide them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from archive.replay.compose import human_only
from archive.replay.opt import device
from archive.replay.opt.generate import batch_size, generate
from archive.replay.opt.presets import PRESETS, SHAPES, Decoding, Schedule
from archive.replay.opt.tokenizer import train as train_tokenizer
from archive.replay.opt.train import from_start, train
from archive.replay.opt.weights import random_weights
from archive.replay.tiers import BLOCK, Blocks
from tests.bench.feed import words

BATCHES: Final = (32, 64, 128, 256)
ROUNDS: Final = 3

MODES: Final[dict[str, tuple[Decoding, dict[str, Any]]]] = {
    "greedy": (Decoding(greedy=True), {"do_sample": False}),
    "theory": (PRESETS["theory"].decoding, {"do_sample": True, "top_k": 0}),
    "web": (PRESETS["web"].decoding, {"do_sample": True, "top_k": 50}),
    "nature": (PRESETS["nature"].decoding, {"do_sample": False, "num_beams": 5}),
}


def model_and_prompts(blocks: int) -> tuple[Any, Blocks]:
    rng = np.random.default_rng(0)
    known = words()
    texts = [" ".join(rng.choice(known, 400)) for _ in range(blocks)]
    tokenizer = train_tokenizer(texts, SHAPES["tiny"].vocabulary)
    ids = [i for encoded in tokenizer.encode_batch(texts) for i in encoded.ids]
    text = np.array(ids[: blocks * BLOCK], np.int32).reshape(-1, BLOCK)
    model = random_weights(SHAPES["tiny"], tokenizer.get_vocab_size())
    train(model, human_only(text), text[:8], Schedule(1, 3e-3, 16), 0)
    model.requires_grad_(False)
    return model, text


def theirs(model: Any, prompts: Blocks, batch: int, options: dict[str, Any]) -> Blocks:
    read = from_start(model, torch.from_numpy(prompts.astype(np.int64)))
    parts = [
        model.generate(
            rows, attention_mask=torch.ones_like(rows), max_new_tokens=BLOCK,
            min_new_tokens=BLOCK, pad_token_id=0, **options,
        )[:, -BLOCK:]
        for rows in torch.split(read, batch)
    ]  # fmt: skip
    blocks: Blocks = torch.cat(parts).numpy()
    return blocks


def seconds(work: Callable[[], Blocks]) -> tuple[float, Blocks]:
    started = time.process_time()
    made = work()
    return time.process_time() - started, made


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    with device.settled(0, torch.device("cpu")):
        model, prompts = model_and_prompts(count)
        print(f"{count} prompts of {BLOCK} tokens, one thread; tokens a CPU second\n")
        heads = ("here", "batch", "transformers", "batch", "ratio", "equal")
        print(f"{'':<10}" + "".join(f"{head:>14}" for head in heads))
        for name, (decoding, options) in MODES.items():
            ours, others = [], dict[int, list[float]]()
            for _ in range(ROUNDS):
                took, mine = seconds(partial(generate, model, prompts, decoding, 0))
                ours.append(took)
                for batch in BATCHES:
                    took, other = seconds(partial(theirs, model, prompts, batch, options))
                    others.setdefault(batch, []).append(took)
            best = min(others, key=lambda b: min(others[b]))
            fast, slow = (prompts.size / took for took in (min(ours), min(others[best])))
            equal = "" if options["do_sample"] else f"{(mine == other).all(axis=1).mean():.3f}"
            cells = (
                f"{fast:,.0f}", batch_size(model, BLOCK, decoding), f"{slow:,.0f}", best,
                f"{fast / slow:.2f}", equal,
            )  # fmt: skip
            print(f"{name:<10}" + "".join(f"{cell:>14}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
