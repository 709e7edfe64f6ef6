"""An OPT model laid out for writing: prompts are read once, then a token is added at a time.

The cache is allocated once, in two parts: a prompt's keys and values are held once however many
beams continue it, what the beams have written is held for each. Keys lie turned, so that a query
meets them in the order of memory. The same sums as in the forward pass of transformers
(models/opt/modeling_opt.py), without its bookkeeping.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import OPTForCausalLM

OFFSET = 2
"""Rows of the position table before the first position (OPTLearnedPositionalEmbedding)."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """One decoder layer's weights; the three projections of attention are one matrix."""

    before_attention: Any  # layer norms: modules, or nothing where the model has them elsewhere
    after_attention: Any
    before_inner: Any
    after_inner: Any
    qkv: tuple[Tensor, Tensor | None]
    out: tuple[Tensor, Tensor | None]
    up: tuple[Tensor, Tensor | None]
    down: tuple[Tensor, Tensor | None]
    act: Any

    @classmethod
    def of(cls, layer: Any) -> _Layer:
        attention, first = layer.self_attn, layer.do_layer_norm_before
        parts = [attention.q_proj, attention.k_proj, attention.v_proj]
        joined = torch.cat([part.weight for part in parts])
        bias = None if parts[0].bias is None else torch.cat([part.bias for part in parts])
        one, two, none = layer.self_attn_layer_norm, layer.final_layer_norm, torch.nn.Identity()
        return cls(
            one if first else none,
            none if first else one,
            two if first else none,
            none if first else two,
            (joined, bias),
            (attention.out_proj.weight, attention.out_proj.bias),
            (layer.fc1.weight, layer.fc1.bias),
            (layer.fc2.weight, layer.fc2.bias),
            layer.activation_fn,
        )

    def inner(self, x: Tensor, attended: Tensor) -> Tensor:
        """All of the layer after its attention."""
        x = self.after_attention(x + functional.linear(attended, *self.out))
        hidden = self.act(functional.linear(self.before_inner(x), *self.up))
        y: Tensor = self.after_inner(x + functional.linear(hidden, *self.down))
        return y


class Decoder:
    """Writes after a batch of prompts. Logits are of shape (prompts * beams, vocabulary)."""

    def __init__(self, model: OPTForCausalLM) -> None:
        self._model, self._decoder = model, model.model.decoder
        self._layers = [_Layer.of(layer) for layer in self._decoder.layers]
        self._heads = int(model.config.num_attention_heads)
        self._width = int(model.config.hidden_size)
        self._head = self._width // self._heads
        self._scale = self._head**-0.5

    @staticmethod
    def bytes_a_prompt(config: Any, read: int, written: int, beams: int, size: int) -> int:
        """Of cache and logits, for batches that suit a device."""
        cached = 2 * config.num_hidden_layers * config.hidden_size * (read + beams * written)
        return int(size * (cached + 3 * beams * config.vocab_size))

    def start(self, prompts: Tensor, written: int, beams: int = 1) -> Tensor:
        """Reads prompts of shape (prompts, tokens); logits of what follows each, once a prompt.

        `written` is the number of tokens that there is to be room for.
        """
        count, read = prompts.shape
        self._beams, self._read, self._at = beams, read, 0
        x = self._embed(prompts, torch.arange(read, device=prompts.device))
        room = read + written if beams == 1 else read
        last = self._layers[-1]
        self._cache, self._own = [], []
        for layer in self._layers:
            keys = x.new_empty(count, self._heads, self._head, room)
            values = x.new_empty(count, self._heads, room, self._head)
            normed = layer.before_attention(x)
            # Only the last token's output is asked of the last layer.
            rows = normed if layer is not last else normed[:, -1:]
            q, k, v = (
                self._project(layer, taken, part)
                for part, taken in enumerate((rows, normed, normed))
            )
            keys[..., :read], values[:, :, :read] = k.transpose(-1, -2), v
            self._cache.append((keys, values))
            if beams > 1:
                own = (count, beams, self._heads, written, self._head)
                self._own.append((x.new_empty(own), x.new_empty(own)))
            attended = functional.scaled_dot_product_attention(
                q * self._scale, k, v, scale=1.0, is_causal=layer is not last
            )
            attended = attended.transpose(1, 2).reshape(count, -1, self._width)
            x = layer.inner(x if layer is not last else x[:, -1:], attended)
        return self._logits(x[:, -1])

    def step(self, tokens: Tensor) -> Tensor:
        """Adds a token to every beam, shape (prompts * beams,); logits of what follows."""
        place = torch.full_like(tokens, self._read + self._at)
        x = self._embed(tokens, place)
        for number, layer in enumerate(self._layers):
            joined = functional.linear(layer.before_attention(x), *layer.qkv)
            if self._beams == 1:
                attended = self._attend(joined, *self._cache[number])
            else:
                attended = self._attend_beams(joined, self._cache[number], self._own[number])
            x = layer.inner(x, attended)
        self._at += 1
        return self._logits(x)

    def reorder(self, beams: Tensor) -> None:
        """Each beam goes on from another of its prompt, shape (prompts, beams)."""
        row = torch.arange(len(beams), device=beams.device)[:, None]
        for keys, values in self._own:
            for held in (keys, values):
                held[..., : self._at, :] = held[row, beams, :, : self._at]

    def _attend(self, joined: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """One new token a prompt, over prompt and text together."""
        q, k, v = joined.view(-1, 3, self._heads, 1, self._head).unbind(1)
        end = self._read + self._at + 1
        keys[..., end - 1 : end], values[:, :, end - 1 : end] = k.transpose(-1, -2), v
        weights = (q * self._scale @ keys[..., :end]).softmax(dim=-1)
        attended: Tensor = weights @ values[:, :, :end]
        return attended.view(-1, self._width)

    def _attend_beams(
        self, joined: Tensor, shared: tuple[Tensor, Tensor], own: tuple[Tensor, Tensor]
    ) -> Tensor:
        """The beams of a prompt read its keys as so many queries, and their own text each alone."""
        q, k, v = joined.view(-1, self._beams, 3, self._heads, self._head).unbind(2)
        keys, values = own
        keys[:, :, :, self._at], values[:, :, :, self._at] = k, v
        end = self._at + 1
        q = (q * self._scale).transpose(1, 2)  # prompts, heads, beams, head
        to_prompt = q @ shared[0]
        alone = q.transpose(1, 2)[..., None, :]  # prompts, beams, heads, 1, head
        to_text = (alone @ keys[..., :end, :].transpose(-1, -2))[..., 0, :].transpose(1, 2)
        weights = torch.cat([to_prompt, to_text], dim=-1).softmax(dim=-1)
        over_prompt = (weights[..., : self._read] @ shared[1]).transpose(1, 2)
        over_text = weights[..., self._read :].transpose(1, 2)[..., None, :] @ values[..., :end, :]
        return (over_prompt + over_text[..., 0, :]).reshape(-1, self._width)

    def _project(self, layer: _Layer, x: Tensor, part: int) -> Tensor:
        """Queries, keys or values of whole sequences: prompts, heads, tokens, head."""
        weight, bias = layer.qkv
        rows = slice(part * self._width, (part + 1) * self._width)
        made = functional.linear(x, weight[rows], None if bias is None else bias[rows])
        return made.view(len(x), -1, self._heads, self._head).transpose(1, 2)

    def _embed(self, tokens: Tensor, places: Tensor) -> Tensor:
        table = self._decoder.embed_positions.weight
        x = functional.embedding(tokens, self._decoder.embed_tokens.weight)
        if self._decoder.project_in is not None:
            x = self._decoder.project_in(x)
        y: Tensor = x + functional.embedding(places + OFFSET, table)
        return y

    def _logits(self, x: Tensor) -> Tensor:
        if self._decoder.final_layer_norm is not None:
            x = self._decoder.final_layer_norm(x)
        if self._decoder.project_out is not None:
            x = self._decoder.project_out(x)
        logits: Tensor = self._model.lm_head(x).float()
        return logits
