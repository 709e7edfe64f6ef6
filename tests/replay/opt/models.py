"""Small OPT models made by code, with weights spread so that their choices are clear ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import OPTConfig, OPTForCausalLM

from archive.replay.opt.tokenizer import train
from archive.replay.opt.weights import POSITIONS, write_weights
from archive.replay.tiers import BLOCK, Blocks

VOCABULARY = 120


def network(seed: int = 0, scale: float = 4.0, **options: Any) -> OPTForCausalLM:
    """A random model in evaluation; `scale` sharpens its distributions."""
    settings = {
        "vocab_size": VOCABULARY, "hidden_size": 24, "num_hidden_layers": 2, "ffn_dim": 48,
        "num_attention_heads": 3, "max_position_embeddings": POSITIONS, "bos_token_id": 0,
        "eos_token_id": 0, "pad_token_id": None,
    }  # fmt: skip
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        made = OPTForCausalLM(OPTConfig(**(settings | options)))
    for parameter in made.parameters():
        parameter.requires_grad_(False).mul_(scale)
    made.train(False)
    return made


def prompts(count: int, seed: int = 0, vocabulary: int = VOCABULARY) -> Blocks:
    made = np.random.default_rng(seed).integers(1, vocabulary, (count, BLOCK))
    return made.astype(np.int32)


def folder(at: Path, texts: list[str], **options: Any) -> Path:
    """A pretrained model as a user would give it: configuration, weights and a tokenizer."""
    tokenizer = train(texts, 300)
    at.mkdir(parents=True, exist_ok=True)
    write_weights(network(scale=1.0, vocab_size=tokenizer.get_vocab_size(), **options), at)
    tokenizer.save(str(at / "tokenizer.json"))
    return at
