"""Documents as token ids, one behind the other, in blocks of a fixed length."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Final, Self

import numpy as np

from archive.errors import UsageError
from archive.feed.feed import Feed
from archive.feed.order import Ints
from archive.feed.stream import Document, Mine, Stream
from archive.feed.tokenizer import Tokenizer

BATCH: Final = 64
"""Documents that are cut into tokens at a time, by a thread beside the training one."""

_log = logging.getLogger("archive.feed")


@dataclass(frozen=True, slots=True)
class _Place:
    """Block `block` begins with token `token` of the document at position `document`."""

    block: int = 0
    document: int = 0
    token: int = 0


class TokenFeed(Stream):
    """Blocks as dicts: `input_ids` and `segments`, arrays of `length`; `document` and `token`.

    `segments` counts the documents in a block from 0, token by token, for masks at their borders;
    `document` and `token` say where the block's first token is. Tokens behind the last whole block
    of the last epoch are not given (the log says how many). Block n is the same for every world
    size, so every consumer has to cut all documents into tokens; the state knows the place, so
    going on does not begin with the first.
    """

    def __init__(self, feed: Feed, tokenizer: Tokenizer, length: int, eod: str | None) -> None:
        super().__init__()
        if length < 1:
            raise UsageError(f"no block of {length} tokens", next_step="give 1 or more")
        self.feed, self.length = copy.copy(feed), length
        self.feed.columns = ["text"]
        self._tokenizer, self._eod = tokenizer, eod
        self._end = [] if eod is None else [tokenizer.token(eod)]
        self._place = self._learned = _Place()

    @property
    def end(self) -> int | None:
        return None

    @property
    def endless(self) -> bool:
        return self.feed.endless

    def endlessly(self) -> Self:
        made = copy.copy(self)
        made.feed = self.feed.endlessly()
        return made

    def facts(self) -> dict[str, Any]:
        return {
            "feed": self.feed.facts(),
            "tokenizer_sha256": self._tokenizer.sha256,
            "tokenizers": self._tokenizer.version,
            "length": self.length,
            "eod": self._eod,
        }

    def known(self, position: int) -> Any:
        return asdict(self._before(position))

    def learn(self, known: Any) -> None:
        self._place = self._learned = _Place(**known)

    def _before(self, position: int) -> _Place:
        places = (self._place, self._learned, _Place())
        return next(each for each in places if each.block <= position)

    def walk(self, first: int, mine: Mine | None) -> Iterator[Document]:
        begin = self._before(first)
        block, held = begin.block, _Tokens()
        for document, ids in self._documents(begin.document):
            held.add(document, ids, begin.token if document == begin.document else 0)
            while held.count >= self.length:
                taken = held.take(self.length)
                block += 1
                if block > first and (mine is None or mine(np.array([block - 1]))[0]):
                    # Behind the last token of the block: of a whole document nothing is left.
                    last = int(taken.documents[-1]), int(taken.offsets[-1])
                    self._place = _Place(block, last[0], last[1] + 1)
                    yield _block(taken)
        _log.info("%d tokens behind the last whole block were not given", held.count)

    def _documents(self, first: int) -> Iterator[tuple[int, list[int]]]:
        """(position, token ids) of the documents from `first` on, cut one batch ahead."""
        texts = (document["text"] for document in self.feed.walk(first, None))
        with ThreadPoolExecutor(1, "tokens") as ahead:
            batch = ahead.submit(self._encode, texts)
            while encoded := batch.result():
                batch = ahead.submit(self._encode, texts)
                for ids in encoded:
                    yield first, ids
                    first += 1

    def _encode(self, texts: Iterator[str]) -> list[list[int]]:
        return [ids + self._end for ids in self._tokenizer.encode(list(islice(texts, BATCH)))]


@dataclass(frozen=True, slots=True)
class _Run:
    """Tokens in a row; of each the document's position, and which of its tokens it is."""

    ids: Ints
    documents: Ints
    offsets: Ints

    def slice(self, of: slice) -> _Run:
        """Some of it, not copied."""
        return _Run(self.ids[of], self.documents[of], self.offsets[of])


class _Tokens:
    """Tokens waiting to fill a block."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self.count = 0

    def add(self, document: int, ids: list[int], skip: int) -> None:
        """Appends the tokens of a document but for the first `skip`."""
        if len(ids) > skip:
            found = np.array(ids[skip:], np.int64)
            offsets = np.arange(skip, len(ids))
            self._runs.append(_Run(found, np.full(len(found), document), offsets))
            self.count += len(found)

    def take(self, length: int) -> _Run:
        """Removes the first `length` tokens."""
        whole = self._runs[0] if len(self._runs) == 1 else _joined(self._runs)
        self.count -= length
        self._runs = [whole.slice(slice(length, None))] if self.count else []
        return whole.slice(slice(length))


def _joined(runs: list[_Run]) -> _Run:
    return _Run(
        np.concatenate([run.ids for run in runs]),
        np.concatenate([run.documents for run in runs]),
        np.concatenate([run.offsets for run in runs]),
    )


def _block(run: _Run) -> Document:
    borders = np.concatenate(([0], run.documents[1:] != run.documents[:-1]))
    return {
        "input_ids": run.ids.copy(),  # not a view that keeps a long document in memory
        "segments": np.cumsum(borders),
        "document": int(run.documents[0]),
        "token": int(run.offsets[0]),
    }
