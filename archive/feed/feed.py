"""A feed: the documents of a cut, in the order of a seed, from verified files."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from archive.errors import UsageError
from archive.feed.order import WINDOW, Epoch, Ints, Order
from archive.feed.reader import Reader, documents, known_columns
from archive.feed.stream import Document, Mine, Stream

if TYPE_CHECKING:
    import pyarrow as pa

    from archive.feed.cut import Chosen
    from archive.feed.packed import TokenFeed
    from archive.manifest import Manifest
    from archive.store.local import Store


class Feed(Stream):
    """Documents as dicts, in an order that is a pure function of the snapshot, cut and seed.

    Memory: a window of `window` blocks of 4,096 documents, and the next one being read. Every
    consumer reads every window and makes dicts of its own documents only.
    """

    def __init__(
        self,
        store: Store,
        manifest: Manifest,
        chosen: Chosen,
        *,
        columns: Sequence[str] | None = ("text",),
        seed: int = 0,
        epoch: int = 0,
        epochs: int | None = 1,
        window: int = WINDOW,
    ) -> None:
        super().__init__()
        if min(seed, epoch, window - 1) < 0 or (epochs is not None and epochs < 0):
            raise UsageError(
                f"no order for seed {seed}, epoch {epoch}, {epochs} epochs, window {window}",
                next_step="count epochs and seeds from 0, and shuffle at least one block",
            )
        self.store, self.manifest, self.chosen = store, manifest, chosen
        self.columns = known_columns(columns)
        self.seed, self.epoch, self.epochs, self.window = seed, epoch, epochs, window

    @cached_property
    def order(self) -> Order:
        root, cut = self.manifest.content_root, self.chosen.digest
        return Order(root, cut, self.seed, self.chosen.counts, self.window)

    @property
    def documents(self) -> int:
        """Documents in one epoch."""
        return self.order.documents

    @property
    def end(self) -> int | None:
        if self.epochs is None and self.documents:
            return None
        return self.documents * (self.epochs or 0)

    @property
    def endless(self) -> bool:
        return self.end is None

    def endlessly(self) -> Self:
        """Epoch after epoch, each in an order of its own."""
        made = copy.copy(self)
        made.epochs = None
        return made

    def facts(self) -> dict[str, Any]:
        return {
            "content_root": self.manifest.content_root,
            "snapshot": f"{self.manifest.name}@{self.manifest.version}",
            "cut": self.chosen.name,
            "where": self.chosen.where,
            "cut_sha256": self.chosen.digest,
            "rows_sha256": self.chosen.rows_digest,
            "seed": self.seed,
            "epoch": self.epoch,
            "window": self.window,
            "documents": self.documents,
        }

    def set_epoch(self, epoch: int) -> None:
        """The next iteration begins at the start of another epoch, in that epoch's order."""
        self.epoch = epoch
        self._loaded, self._taken, self._ended = None, 0, False
        self._shard = self._consumer()

    def walk(self, first: int, mine: Mine | None) -> Iterator[Document]:
        reader = Reader(self.store, self.manifest, self.chosen, self.columns)
        with ThreadPoolExecutor(1, "feed") as ahead:
            windows = self._windows(first, mine)
            planned = next(windows, None)
            table = ahead.submit(reader.window, planned[0]) if planned else None
            while planned and table:
                rows, read = planned[1], table.result()
                planned = next(windows, None)
                table = ahead.submit(reader.window, planned[0]) if planned else None
                yield from documents(read, rows)

    def _windows(self, first: int, mine: Mine | None) -> Iterator[tuple[Any, Ints]]:
        """Every window from position `first` on, with the wanted ones of its rows, in order."""
        if not self.documents:
            return
        number, position = divmod(first, self.documents)
        while self.epochs is None or number < self.epochs:
            epoch = self.order.epoch(self.epoch + number)
            for at in range(epoch.window_of(position), len(epoch.starts) - 1):
                window = epoch.read(at)
                base = number * self.documents + window.first
                positions = np.arange(base, base + len(window.rows))
                wanted = positions >= first
                if mine:
                    wanted &= mine(positions)
                if wanted.any():
                    yield window, window.rows[wanted]
            number, position = number + 1, 0

    def tokens(self, tokenizer: str | Path, length: int, *, eod: str | None = None) -> TokenFeed:
        """The documents as blocks of `length` tokens, one document behind the other.

        `tokenizer` is a file of the library tokenizers; `eod` names the token after each document.
        """
        from archive.feed.packed import TokenFeed
        from archive.feed.stream import for_torch
        from archive.feed.tokenizer import read_tokenizer

        made = TokenFeed(self, read_tokenizer(Path(tokenizer)), length, eod)
        for_torch(made)
        return made

    def ids(self, first: int, last: int) -> Iterator[tuple[int, str]]:
        """(position, document id) of the positions from `first` to before `last`."""
        reader = Reader(self.store, self.manifest, self.chosen, ["id"])
        for window, rows in self._windows(first, lambda positions: positions < last):
            table: pa.Table = reader.window(window)
            for document in documents(table, rows):
                yield first, document["id"]
                first += 1
            if first >= last:
                return

    def positions(self, document: str) -> list[int]:
        """The positions, one an epoch, at which a document's id comes; none if the cut lacks it."""
        found = self._locate(document)
        if found is None:
            return []
        return [
            number * self.documents + self.order.position(self._epoch(number), *found)
            for number in range(self.epochs or 1)
        ]

    def _epoch(self, number: int) -> Epoch:
        return self.order.epoch(self.epoch + number)

    def _locate(self, document: str) -> tuple[int, int] | None:
        """(block, which of its documents) of a document id."""
        reader = Reader(self.store, self.manifest, self.chosen, ["id"])
        for block, count in enumerate(self.chosen.counts):
            if count and document in (ids := reader.block(block).column("id").to_pylist()):
                return block, ids.index(document)
        return None
