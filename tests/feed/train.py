"""A small transformer trained from a snapshot, one checkpoint a few steps: the example of a job.

    python -m tests.feed.train STORE TOKENIZER CHECKPOINT STEPS [DIE_AT]

It goes on from CHECKPOINT if that is there. With DIE_AT it kills itself in the middle of that step.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import archive

LENGTH, WIDTH, BATCH, SAVE_EVERY = 32, 32, 4, 5


class Transformer(nn.Module):
    """Two layers that guess the next token."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, WIDTH)
        self.places = nn.Embedding(LENGTH, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 2, 2 * WIDTH, dropout=0.1, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2)
        self.guess = nn.Linear(WIDTH, vocabulary)

    def forward(self, ids: Tensor) -> Tensor:
        length = ids.shape[1]
        seen = self.tokens(ids) + self.places(torch.arange(length))
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        guessed: Tensor = self.guess(self.layers(seen, mask=mask, is_causal=True))
        return guessed


def save(path: Path, content: dict[str, Any]) -> None:
    """A whole checkpoint, or the one before."""
    aside = path.with_suffix(".aside")
    torch.save(content, aside)
    os.replace(aside, path)


def train(store: str, tokenizer: str, checkpoint: Path, steps: int, die_at: int) -> None:
    torch.manual_seed(1)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    web = archive.open("sample", store)
    blocks = web.feed(seed=7, epochs=None).tokens(tokenizer, LENGTH, eod="<eod>")
    loader = blocks.loader(BATCH, num_workers=0)
    model = Transformer(vocabulary=512)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    step = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["random"])  # of dropout
        loader.load_state_dict(saved["data"])
        step = saved["step"]
    for batch in loader:
        ids = batch["input_ids"]
        guessed = model(ids[:, :-1])
        loss = nn.functional.cross_entropy(guessed.flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        torch.autograd.backward([loss])
        if step == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        optimizer.step()
        step += 1
        if step % SAVE_EVERY == 0 or step == steps:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            rest = {"random": torch.get_rng_state(), "data": loader.state_dict(), "step": step}
            save(checkpoint, state | rest)
        if step == steps:
            print(f"step {step}, loss {loss.item():.3f}")
            return


if __name__ == "__main__":
    die_at = int(sys.argv[5]) if len(sys.argv) > 5 else -1
    train(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), die_at)
