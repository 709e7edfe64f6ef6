"""Beam search over whole blocks: no beam ends early, so the best is that of the highest sum.

The same choices as `generate(num_beams=..., min_new_tokens=..., max_new_tokens=...)` of
transformers with both lengths equal; the penalty is on log-probabilities there, and so it is here.
"""

from __future__ import annotations

import torch
from torch import Tensor

from archive.replay.opt.decoder import Decoder
from archive.replay.opt.presets import Decoding


def search(
    decoder: Decoder, read: Tensor, length: int, decoding: Decoding, ends: list[int]
) -> Tensor:
    """The best text of `length` tokens after each prompt, shape (prompts, length)."""
    count, beams = len(read), decoding.beams
    row = torch.arange(count, device=read.device)[:, None]
    logits = decoder.start(read, length, beams).repeat_interleave(beams, dim=0)
    # All beams begin alike: only the first may be continued, or they would stay alike.
    sums = torch.full((count, beams), -1e9, device=read.device)
    sums[:, 0] = 0
    out = torch.zeros((count, beams, length), dtype=torch.int64, device=read.device)
    for column in range(length):
        scores = logits.log_softmax(dim=1)
        if decoding.repetition_penalty != 1:
            prompt = read[:, None].expand(-1, beams, -1)
            seen = torch.cat([prompt, out[..., :column]], dim=2).flatten(0, 1)
            scores = penalised(scores, seen, decoding.repetition_penalty)
        scores[:, ends] = -torch.inf
        total = (sums.view(-1, 1) + scores).view(count, -1)
        sums, chosen = total.topk(beams, dim=1)
        parent, token = chosen // scores.shape[1], chosen % scores.shape[1]
        out = out[row, parent]
        out[..., column] = token
        if column + 1 < length:
            decoder.reorder(parent)
            logits = decoder.step(token.flatten())
    return out[:, 0]


def penalised(scores: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Scores of tokens that were seen, divided by the penalty, or multiplied where negative.

    Keskar et al. 2019, section 4.1, as RepetitionPenaltyLogitsProcessor of transformers has it.
    """
    held = scores.gather(1, seen)
    changed = torch.where(held < 0, held * penalty, held / penalty)
    return scores.scatter(1, seen, changed)
