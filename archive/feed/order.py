"""The order of a feed: a pure function of (content root, cut, seed, epoch, position).

Documents have a canonical order: parts by the SHA-256 of their input, rows by their place in it.
Each part is cut into blocks of BLOCK_ROWS rows. An epoch permutes all blocks, takes `window` blocks
at a time, and permutes the documents of those. Every permutation sorts by SHA-256, so that no
library's random generator is part of the promise. The reasons: docs/decisions/0012-feed-order.md.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from archive.digest import netstring

VERSION: Final = b"order-v1"
BLOCK_ROWS: Final = 4096
"""As many rows as a full row group has (archive.parts), so most blocks are one read."""
WINDOW: Final = 8
"""Blocks shuffled together, unless asked otherwise: 32,768 documents, held in memory."""

Ints = NDArray[np.int64]


def sort_keys(key: bytes, count: int) -> NDArray[np.uint64]:
    """64-bit sort keys of the items 0 ... count - 1.

    Item i has the bytes 8 (i mod 4) to 8 (i mod 4) + 7, big-endian, of
    SHA-256(key || i div 4 as 8 bytes, big-endian).
    """
    keyed, digests = hashlib.sha256(key), []
    for number in range(-(-count // 4)):
        each = keyed.copy()
        each.update(number.to_bytes(8, "big"))
        digests.append(each.digest())
    return np.frombuffer(b"".join(digests), ">u8")[:count].astype(np.uint64)


def permutation(key: bytes, count: int) -> Ints:
    """The items 0 ... count - 1 by their sort keys; of equal keys the smaller item is first."""
    return np.argsort(sort_keys(key, count), kind="stable")


def derive(*fields: bytes | str | int) -> bytes:
    """A key of 32 bytes: SHA-256 of the fields as netstrings."""
    encoded = (f if isinstance(f, bytes) else str(f).encode() for f in fields)
    return hashlib.sha256(b"".join(map(netstring, encoded))).digest()


@dataclass(frozen=True, slots=True)
class Window:
    """Documents shuffled together: positions `first` to `first + len(rows) - 1` of an epoch.

    `rows[i]` counts through the documents of `blocks`, one block after the other.
    """

    first: int
    blocks: Ints
    rows: Ints


@dataclass(frozen=True)
class Epoch:
    """One pass over all documents."""

    key: bytes
    counts: Ints  # documents in each block, in canonical order
    window: int

    @cached_property
    def blocks(self) -> Ints:
        """All blocks in the order they are read."""
        return permutation(derive(self.key, "blocks"), len(self.counts))

    @cached_property
    def starts(self) -> Ints:
        """The first position of each window, and after the last the number of documents."""
        ends = np.concatenate(([0], np.cumsum(self.counts[self.blocks])))
        edges = [*range(0, len(self.blocks), self.window), len(self.blocks)]
        return ends[edges] if len(self.blocks) else np.zeros(1, np.int64)

    def window_of(self, position: int) -> int:
        """The number of the window that holds a position."""
        return int(np.searchsorted(self.starts, position, side="right")) - 1

    def read(self, number: int) -> Window:
        """What a window holds, and in which order its documents come."""
        blocks = self.blocks[number * self.window : (number + 1) * self.window]
        first, end = (int(edge) for edge in self.starts[number : number + 2])
        return Window(first, blocks, permutation(derive(self.key, "rows", number), end - first))


@dataclass(frozen=True)
class Order:
    """The order of a cut of a snapshot under a seed. `counts`: documents in each block."""

    content_root: str
    cut: str  # hash of the cut
    seed: int
    counts: Ints
    window: int = WINDOW

    @cached_property
    def documents(self) -> int:
        return int(self.counts.sum())

    def epoch(self, number: int) -> Epoch:
        """The order of epoch `number`; every epoch has one of its own."""
        key = derive(VERSION, self.content_root, self.cut, self.seed, number, self.window)
        return Epoch(key, self.counts, self.window)

    def place(self, epoch: Epoch, position: int) -> tuple[int, int]:
        """(block, which of its documents) at a position of an epoch."""
        window = epoch.read(epoch.window_of(position))
        row = int(window.rows[position - window.first])
        ends = np.cumsum(self.counts[window.blocks])
        at = int(np.searchsorted(ends, row, side="right"))
        return int(window.blocks[at]), row - int(ends[at - 1] if at else 0)

    def position(self, epoch: Epoch, block: int, index: int) -> int:
        """The inverse of `place`: where in an epoch a block's document number `index` comes."""
        at = int(np.flatnonzero(epoch.blocks == block)[0])
        window = epoch.read(at // self.window)
        before = self.counts[window.blocks[: at % self.window]].sum()
        return window.first + int(np.flatnonzero(window.rows == before + index)[0])
