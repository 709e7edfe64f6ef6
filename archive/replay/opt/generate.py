"""Text after prompts: drawn token by token, or by beam search; always of full length.

All prompts are of one length, so that nothing is padded; batches are as large as the device takes.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from transformers import OPTForCausalLM

from archive.replay.opt.beams import penalised, search
from archive.replay.opt.decoder import Decoder
from archive.replay.opt.presets import Decoding
from archive.replay.opt.train import from_start
from archive.replay.tiers import Blocks

CPU_BYTES: Final = 14 << 20
"""Cache and logits of a batch on a CPU: what its own caches nearly hold."""
TRIES: Final = 8
"""Draws of a token before the most probable ones are looked for."""

GPU_SHARE: Final = 0.4
"""Of the free memory of a GPU."""


@torch.inference_mode()
def generate(model: OPTForCausalLM, prompts: Blocks, decoding: Decoding, seed: int) -> Blocks:
    """A block to follow each prompt. Every prompt has its own chance, whatever batch it is in."""
    model.train(False)
    length = prompts.shape[1]
    writer = _for_writing(model)
    decoder, where = Decoder(writer), model.device
    at_once = batch_size(writer, length, decoding)
    out = []
    for start in range(0, len(prompts), at_once):
        rows = torch.from_numpy(prompts[start : start + at_once].astype(np.int64)).to(where)
        read = from_start(model, rows)
        if decoding.beams > 1:
            written = search(decoder, read, length, decoding, ended(model))
        else:
            chance = chances(seed, start, len(rows), length).to(where)
            written = _draw_all(decoder, read, chance, decoding, ended(model))
        out.append(written.to("cpu", torch.int32).numpy())
    return np.concatenate(out)


def chances(seed: int, first: int, count: int, length: int) -> Tensor:
    """Uniform numbers of shape (prompts, length, TRIES + 1), each prompt's a stream of its own."""
    streams = [
        np.random.Philox(key=seed % (1 << 64), counter=[0, 0, 0, i + first]) for i in range(count)
    ]
    drawn = [np.random.Generator(s).random((length, TRIES + 1), np.float32) for s in streams]
    return torch.from_numpy(np.stack(drawn))


def batch_size(model: OPTForCausalLM, length: int, decoding: Decoding) -> int:
    """Prompts that are continued together."""
    where = model.device
    room = CPU_BYTES
    if where.type == "cuda":
        room = int(GPU_SHARE * torch.cuda.mem_get_info(where)[0])
    size = 2 if model.dtype == torch.bfloat16 else 4
    each = Decoder.bytes_a_prompt(model.config, length + 1, length, decoding.beams, size)
    return max(1, room // each)


def ended(model: OPTForCausalLM) -> list[int]:
    """The tokens that would end a text, which is never chosen."""
    end = model.config.eos_token_id
    return [] if end is None else [end] if isinstance(end, int) else list(end)


def distribution(logits: Tensor, decoding: Decoding) -> tuple[Tensor, Tensor]:
    """The tokens that may be drawn and the running sum of their weights, both (rows, tokens)."""
    if decoding.temperature != 1:
        logits = logits / decoding.temperature
    if decoding.top_k:
        logits, tokens = logits.topk(min(decoding.top_k, logits.shape[1]), dim=1)
    elif decoding.top_p < 1:
        logits, tokens = logits.sort(dim=1, descending=True)
    else:
        tokens = torch.arange(logits.shape[1], device=logits.device).expand_as(logits)
    weights = logits.softmax(dim=1)
    if decoding.top_p < 1:
        # The first token that reaches the share is still one of them.
        before = weights.cumsum(dim=1) - weights
        weights = weights.masked_fill(before >= decoding.top_p, 0)
    return tokens, weights.cumsum(dim=1)


def _draw_all(
    decoder: Decoder, read: Tensor, chance: Tensor, decoding: Decoding, ends: list[int]
) -> Tensor:
    count, length, _ = chance.shape
    choose = _draw_top if decoding.top_k and read.device.type == "cpu" else _draw
    out = torch.empty((count, length), dtype=torch.int64, device=read.device)
    logits = decoder.start(read, length)
    for column in range(length):
        if decoding.repetition_penalty != 1:
            seen = torch.cat([read, out[:, :column]], dim=1)
            logits = penalised(logits, seen, decoding.repetition_penalty)
        logits[:, ends] = -torch.inf
        if decoding.greedy:
            token = logits.argmax(dim=1)
        else:
            token = choose(logits, decoding, chance[:, column])
        out[:, column] = token
        if column + 1 < length:
            logits = decoder.step(token)
    return out


def _draw(logits: Tensor, decoding: Decoding, chance: Tensor) -> Tensor:
    """Of each row a token, by the last of the row's chances."""
    tokens, running = distribution(logits, decoding)
    return tokens.gather(1, _place(running, chance[:, -1:]))[:, 0]


def _draw_top(logits: Tensor, decoding: Decoding, chance: Tensor) -> Tensor:
    """As `_draw`, mostly without ordering any logits, which costs a CPU more than all the rest.

    Of tokens that are drawn from all in turn, the first that is among the top k is one drawn from
    the top k. What lies below k of the groups' highest logits is not among them; of the first token
    above that line the rank is counted. Where it is too low the top k are looked for after all.
    """
    k = min(decoding.top_k, logits.shape[1])
    groups = min(4 * k, logits.shape[1])
    whole = logits.shape[1] // groups * groups
    highest = logits[:, :whole].view(len(logits), -1, groups).amax(dim=1)
    line = highest.topk(k, dim=1, sorted=False).values.amin(dim=1, keepdim=True)
    _, running = distribution(logits, replace(decoding, top_k=0))
    tried = _place(running, chance[:, :TRIES])
    scores = logits.gather(1, tried)
    first = (scores >= line).to(torch.uint8).argmax(dim=1, keepdim=True)
    token, score = tried.gather(1, first)[:, 0], scores.gather(1, first)
    again = ((logits > score).sum(dim=1) >= k).nonzero()[:, 0]
    if len(again):
        token[again] = _draw(logits[again], decoding, chance[again])
    return token


def _place(running: Tensor, chance: Tensor) -> Tensor:
    """Of each row the place in whose stretch of the running sum the chance falls."""
    place = torch.searchsorted(running, chance * running[:, -1:], right=True)
    # Rounding may carry a chance to the very end.
    return place.clamp_(max=running.shape[1] - 1)


def _for_writing(model: OPTForCausalLM) -> Any:
    """On a GPU a copy in bfloat16: writing is bound by how fast weights and cache are read."""
    if model.device.type != "cuda":
        return model
    written: Any = copy.deepcopy(model)
    return written.to(torch.bfloat16)
