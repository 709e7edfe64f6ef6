"""The n-gram tier: a word trigram model with hierarchical Dirichlet smoothing (MacKay & Peto 1995).

P3(w|uv) = (c(uvw) + k3 P2(w|v)) / (c(uv) + k3), P2 alike over P1, P1 over the uniform floor.
The strengths k are chosen once, on human validation text at generation 0. Counts are weighted, so a
growing data set whose weights sum to the budget is "step-matched": more text, not more training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from archive.replay.tiers import Blocks, Choice, Losses, Model, Training

Keys = NDArray[np.int64]
Floats = NDArray[np.float64]

_GRID = (
    (300.0, 3_000.0, 10_000.0, 30_000.0, 100_000.0),
    (10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0),
    (10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0),
)
"""Strengths that are tried for the floor, the unigrams and the bigrams."""


@dataclass(frozen=True, slots=True)
class Table:
    """Weighted counts of n-grams, sorted, with the contexts they fall under.

    An n-gram's key is its context's key times the vocabulary plus its last word.
    """

    keys: Keys
    weights: Floats
    contexts: Keys
    first: Keys  # of each context, where its n-grams begin; one more at the end
    running: Floats  # weight before each n-gram; one more at the end
    totals: Floats  # weight of each context
    places: Keys | None  # of each word its context, where contexts are single words

    @classmethod
    def count(cls, keys: Keys, weights: Floats, vocabulary: int) -> Table:
        """`weights` has one entry for each occurrence, or a single one for all."""
        if weights.size == 1:
            ordered = np.sort(keys)
            starts = _starts(ordered)
            sums = np.diff(np.append(starts, ordered.size)) * weights[0]
        else:
            order = np.argsort(keys)
            ordered = keys[order]
            starts = _starts(ordered)
            sums = np.add.reduceat(weights[order], starts) if keys.size else weights
        distinct = ordered[starts]
        above = distinct // vocabulary
        first = _starts(above)
        contexts = above[first]
        places = None
        if contexts[-1] < vocabulary:
            places = np.full(vocabulary, -1)
            places[contexts] = np.arange(contexts.size)
        running = np.concatenate([[0.0], np.cumsum(sums)])
        first = np.append(first, distinct.size)
        totals = running[first[1:]] - running[first[:-1]]
        return cls(distinct, sums, contexts, first, running, totals, places)

    def weight(self, keys: Keys) -> Floats:
        """The weighted count of each key; 0 of one that was never seen."""
        place = np.minimum(np.searchsorted(self.keys, keys), self.keys.size - 1)
        return np.where(self.keys[place] == keys, self.weights[place], 0.0)

    def find(self, contexts: Keys) -> Keys:
        """The place of each context; -1 of one that was never seen."""
        if self.places is not None:
            return self.places[contexts]
        place = np.minimum(np.searchsorted(self.contexts, contexts), self.contexts.size - 1)
        return np.where(self.contexts[place] == contexts, place, -1)

    def context_weight(self, places: Keys) -> Floats:
        return np.where(places >= 0, self.totals[places], 0.0)

    def draw(self, places: Keys, chance: Floats, vocabulary: int) -> Keys:
        """For the context at each place the next word, by weight."""
        low, high = self.first[places], self.first[places + 1]
        start, end = self.running[low], self.running[high]
        at = np.searchsorted(self.running, start + chance * (end - start), side="right") - 1
        # Rounding may carry the last chance into the next context.
        return self.keys[np.clip(at, low, high - 1)] % vocabulary


@dataclass(frozen=True, slots=True)
class Ngram:
    """One trained model: three tables and the strengths of smoothing."""

    vocabulary: int
    strengths: tuple[float, float, float]
    tables: tuple[Table, Table, Table]

    @property
    def facts(self) -> Mapping[str, Any]:
        return {}  # counting has no course of its own

    def generate(self, prompts: Blocks, seed: int) -> Blocks:
        """Samples each next word from the model's own distribution (temperature 1).

        The uniform floor is left out: it stands for words the model has never seen, and drawing
        from it would bring lost words back by chance.
        """
        rng = np.random.default_rng(seed)
        out = np.empty_like(prompts)
        before, last = prompts[:, -2].astype(np.int64), prompts[:, -1].astype(np.int64)
        for column in range(prompts.shape[1]):
            word = self._next(before, last, rng)
            out[:, column] = word
            before, last = last, word
        return out

    def _next(self, before: Keys, last: Keys, rng: np.random.Generator) -> Keys:
        unigrams, bigrams, trigrams = self.tables
        _, k2, k3 = self.strengths
        chance, by_two, by_three = rng.random((3, last.size))
        twos = bigrams.find(last)
        threes = trigrams.find(before * self.vocabulary + last)
        # Each level is taken with the weight that the smoothing gives it: seen / (seen + k).
        seen_two, seen_three = bigrams.context_weight(twos), trigrams.context_weight(threes)
        three = by_three * (seen_three + k3) < seen_three
        two = ~three & (by_two * (seen_two + k2) < seen_two)
        one = ~three & ~two
        word = np.empty_like(last)
        word[one] = unigrams.draw(np.zeros(one.sum(), np.int64), chance[one], self.vocabulary)
        word[two] = bigrams.draw(twos[two], chance[two], self.vocabulary)
        word[three] = trigrams.draw(threes[three], chance[three], self.vocabulary)
        return word

    def score(self, blocks: Blocks) -> Losses:
        unigrams, bigrams, trigrams = self.tables
        k1, k2, k3 = self.strengths
        tokens = blocks.astype(np.int64)
        floor = np.full(self.vocabulary, k1 / self.vocabulary)
        floor[unigrams.keys] += unigrams.weights
        p = floor[tokens] / (unigrams.running[-1] + k1)
        last = tokens[:, :-1]
        pairs = last * self.vocabulary + tokens[:, 1:]
        seen = bigrams.context_weight(bigrams.find(last))
        p[:, 1:] = (bigrams.weight(pairs) + k2 * p[:, 1:]) / (seen + k2)
        triples = pairs[:, :-1] * self.vocabulary + tokens[:, 2:]
        seen = trigrams.context_weight(trigrams.find(pairs[:, :-1]))
        p[:, 2:] = (trigrams.weight(triples) + k3 * p[:, 2:]) / (seen + k3)
        losses: Losses = -np.log(p)
        return losses

    def save(self, folder: Path) -> None:
        arrays: dict[str, Any] = {f"keys{n}": table.keys for n, table in enumerate(self.tables)}
        arrays |= {f"weights{n}": table.weights for n, table in enumerate(self.tables)}
        arrays |= {"vocabulary": self.vocabulary, "strengths": np.array(self.strengths)}
        np.savez(folder / "ngram.npz", **arrays)


@dataclass(frozen=True, slots=True)
class NgramTier:
    """Word trigram models over a vocabulary of a given size."""

    vocabulary: int

    @classmethod
    def choose(cls, model: str, preset: str) -> Choice:
        if model or preset:
            raise UsageError(
                f"the n-gram tier has no {'model' if model else 'preset'} to choose",
                next_step="leave --tier away: a --model is of the tier opt",
            )
        return Choice("ngram")

    def first(self, data: Training, validation: Blocks, seed: int) -> Ngram:
        model = Ngram(self.vocabulary, (300.0, 30.0, 30.0), self._tables(data))
        best = float(model.score(validation).mean())
        for level in (2, 1, 0, 2, 1, 0):
            for strength in _GRID[level]:
                k = list(model.strengths)
                k[level] = strength
                tried = replace(model, strengths=(k[0], k[1], k[2]))
                loss = float(tried.score(validation).mean())
                if loss < best:
                    model, best = tried, loss
        return model

    def again(self, data: Training, validation: Blocks, seed: int, base: Model) -> Model:
        """Nothing of `base` but its strengths reaches a later model, so it stands for any other."""
        return base

    def fit(self, data: Training, validation: Blocks, seed: int, base: Model) -> Ngram:
        assert isinstance(base, Ngram)
        return Ngram(self.vocabulary, base.strengths, self._tables(data))

    def load(self, folder: Path) -> Ngram:
        with np.load(folder / "ngram.npz", allow_pickle=False) as saved:
            tables = [
                Table.count(saved[f"keys{n}"], saved[f"weights{n}"], self.vocabulary)
                for n in range(3)
            ]
            k = saved["strengths"].tolist()
            return Ngram(
                int(saved["vocabulary"]), (k[0], k[1], k[2]), (tables[0], tables[1], tables[2])
            )

    def _tables(self, data: Training) -> tuple[Table, Table, Table]:
        tokens = data.blocks.astype(np.int64)
        pairs = tokens[:, :-1] * self.vocabulary + tokens[:, 1:]
        triples = pairs[:, :-1] * self.vocabulary + tokens[:, 2:]
        # The unigrams' only context is 0: their keys are the words themselves.
        return (
            Table.count(tokens.ravel(), _each(data.weights, tokens), self.vocabulary),
            Table.count(pairs.ravel(), _each(data.weights, pairs), self.vocabulary),
            Table.count(triples.ravel(), _each(data.weights, triples), self.vocabulary),
        )


def _each(weights: Floats, keys: Keys) -> Floats:
    """A weight for every key from one for every block; a single one where all are equal."""
    if weights.min() == weights.max():
        return weights[:1]
    return np.repeat(weights, keys.shape[1])


def _starts(ordered: Keys) -> Keys:
    """Where each run of equal values begins."""
    if not ordered.size:
        return np.empty(0, np.int64)
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
