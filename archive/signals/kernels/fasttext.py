"""The labels that a fastText model gives: subwords looked up, averaged, led down its tree.

What archive.signals.lid reads from the file is applied as fastText's own code applies it
(dictionary.cc, productquantizer.cc, loss.cc of 0.9.2), operation by operation in single precision,
so that the scores are the same to the last bit.
"""

from __future__ import annotations

from math import exp, log
from typing import Final

import numpy as np
import numpy.typing as npt

from archive.signals.hashing import Positions
from archive.signals.kernels.compiled import helper, kernel
from archive.signals.lid import BUCKETS as NUMBER
from archive.signals.lid import LONGEST, SHORTEST, SPREAD, WIDTH

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]

FNV: Final = np.uint32(2166136261)
BUCKETS: Final = np.uint32(NUMBER)
PRIME: Final = np.uint32(16777619)
MASK: Final = np.uint32(0xFFFFFFFF)
SPACE: Final = 32
OPEN, CLOSE = 60, 62  # "<" before a word and ">" after it
LABEL: Final = np.frombuffer(b"__label__", dtype=np.uint8).copy()
FLOOR: Final = np.float32(log(1e-5))


@helper
def _hashed(value: np.uint32, byte: int) -> np.uint32:
    """One step of FNV-1a, bytes taken as signed, as fastText has it."""
    wide = np.uint32(byte) if byte < 128 else np.uint32(byte) | np.uint32(0xFFFFFF00)
    return np.uint32(np.uint64(value ^ wide) * np.uint64(PRIME) & np.uint64(MASK))


@helper
def _word(text: Bytes, start: int, end: int, words: Rows, spelt: Bytes, bounds: Positions) -> int:
    """The number of a word, or -1. `words` is a table of numbers by hash, -1 where it is free."""
    value = FNV
    for i in range(start, end):
        value = _hashed(value, text[i])
    slot = np.int64(value) & (len(words) - 1)
    while words[slot] >= 0:
        begin = bounds[words[slot]]
        if bounds[words[slot] + 1] - begin == end - start:
            at = 0
            while at < end - start and spelt[begin + at] == text[start + at]:
                at += 1
            if at == end - start:
                return int(words[slot])
        slot = (slot + 1) & (len(words) - 1)
    return -1


@helper
def _is_label(text: Bytes, start: int, end: int) -> bool:
    if end - start < len(LABEL):
        return False
    same = 0
    while same < len(LABEL) and text[start + same] == LABEL[same]:
        same += 1
    return same == len(LABEL)


@helper
def _subwords(
    word: Bytes, size: int, sieve: Bytes, grams: Rows, model: Floats, sums: Floats
) -> int:
    """Adds the rows of a word's n-grams that the model kept; returns how many.

    `grams` is a hash table of them: n-gram and row, -1 where it is free. Nine in ten were not kept:
    `sieve` has a bit set for those that may have been.
    """
    mask = len(grams) - 1
    found = 0
    for i in range(size):
        if word[i] & 0xC0 == 0x80:
            continue
        value = FNV
        j = i
        for n in range(1, LONGEST + 1):
            if j >= size:
                break
            value = _hashed(value, word[j])
            j += 1
            while j < size and word[j] & 0xC0 == 0x80:
                value = _hashed(value, word[j])
                j += 1
            if n < SHORTEST or (n == 1 and (i == 0 or j == size)):
                continue
            key = np.int64(value % BUCKETS)
            if not sieve[(key >> 3) & (len(sieve) - 1)] >> (key & 7) & 1:
                continue
            slot = key * SPREAD & mask
            while grams[slot, 0] >= 0 and grams[slot, 0] != key:
                slot = (slot + 1) & mask
            if grams[slot, 0] == key:
                row = grams[slot, 1]
                for k in range(WIDTH):
                    sums[k] += model[row, k]
                found += 1
    return found


@helper
def _best(sums: Floats, output: Floats, tree: Rows) -> tuple[int, np.float32]:
    """The likeliest leaf and the logarithm of its probability; -1 if none is likely enough.

    `tree` holds the two children of every node; leaves have none. The second is the likelier
    answer of a node's sigmoid.
    """
    leaves = len(tree) // 2 + 1
    nodes = np.empty(leaves + 1, dtype=np.int64)
    scores = np.empty(leaves + 1, dtype=np.float32)
    nodes[0], scores[0] = len(tree) - 1, np.float32(0)
    waiting = 1
    best, label = np.float32(-np.inf), -1
    while waiting:
        waiting -= 1
        node, score = nodes[waiting], scores[waiting]
        if score < FLOOR or score < best:
            continue
        if node < leaves:
            best, label = score, node
            continue
        product = np.float32(0)
        for k in range(WIDTH):
            product += output[node - leaves, k] * sums[k]
        share = np.float32(1.0 / np.float64(np.float32(1) + np.float32(exp(-product))))
        rest = np.float32(1.0 - np.float64(share))
        nodes[waiting], nodes[waiting + 1] = tree[node, 1], tree[node, 0]
        scores[waiting] = score + np.float32(log(np.float64(share) + 1e-5))
        scores[waiting + 1] = score + np.float32(log(np.float64(rest) + 1e-5))
        waiting += 2
    return label, best


@helper
def _summed(
    text: Bytes,
    at: int,
    end: int,
    word: Bytes,
    words: Rows,
    spelt: Bytes,
    bounds: Positions,
    sieve: Bytes,
    grams: Rows,
    model: Floats,
    sums: Floats,
) -> int:
    """Adds the rows of all words of a sample and of their n-grams; returns how many."""
    found = 0
    number = -1
    while at < end and number != 0:
        if text[at] == SPACE:
            at += 1
            continue
        start = at
        while at < end and text[at] != SPACE:
            word[at - start + 1] = text[at]
            at += 1
        number = _word(text, start, at, words, spelt, bounds)
        if number < 0 and _is_label(text, start, at):
            continue
        if number >= 0:
            for k in range(WIDTH):
                sums[k] += model[number, k]
            found += 1
        if number != 0:
            word[0], word[at - start + 1] = OPEN, CLOSE
            found += _subwords(word, at - start + 2, sieve, grams, model, sums)
    if number != 0:
        # Word 0 is the end of the line, which a text can also spell out.
        for k in range(WIDTH):
            sums[k] += model[0, k]
        found += 1
    return found


@kernel(
    "Tuple((int64[::1], float32[::1]))(uint8[::1], int64[::1], int32[::1], uint8[::1], int64[::1],"
    " uint8[::1], int32[:,::1], float32[:,::1], float32[:,::1], int32[:,::1])"
)
def predicted(
    text: Bytes,
    samples: Positions,
    words: Rows,
    spelt: Bytes,
    bounds: Positions,
    sieve: Bytes,
    grams: Rows,
    model: Floats,
    output: Floats,
    tree: Rows,
) -> tuple[Positions, Floats]:
    """The likeliest label of each sample, -1 for none, and its probability.

    Sample i is UTF-8 with spaces alone between words, samples[i] to samples[i + 1] of `text`.
    The rest is what archive.signals.lid.Model holds.
    """
    count = len(samples) - 1
    labels, scores = np.full(count, -1, dtype=np.int64), np.zeros(count, dtype=np.float32)
    sums = np.empty(WIDTH, dtype=np.float32)
    longest = 0
    for i in range(count):
        longest = max(longest, samples[i + 1] - samples[i])
    word = np.empty(longest + 2, dtype=np.uint8)
    for i in range(count):
        for k in range(WIDTH):
            sums[k] = 0
        begin, end = samples[i], samples[i + 1]
        found = _summed(text, begin, end, word, words, spelt, bounds, sieve, grams, model, sums)
        share = np.float32(1.0 / np.float64(found))
        for k in range(WIDTH):
            sums[k] *= share
        labels[i], score = _best(sums, output, tree)
        scores[i] = np.float32(exp(score)) if labels[i] >= 0 else np.float32(0)
    return labels, scores
