"""What a mix draws from: streams of this package, and any iterable of dicts that is not one."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from archive.errors import UsageError
from archive.feed.feed import Feed
from archive.feed.stream import Document, Mine, Stream


class Source(Protocol):
    """A sequence of documents that can be begun anywhere.

    `length` is None until it is known, and for ever if it is `endless`.
    """

    length: int | None
    endless: bool

    def walk(self, first: int, mine: Mine | None) -> Iterator[tuple[int, Document | None]]:
        """(number, document) of the wanted documents from `first` on.

        Where the length is not known, every number from 0 comes, with None if it is not wanted;
        when the source has ended its length is known.
        """
        ...

    def facts(self) -> Any:
        """What its order depends on, as JSON."""
        ...


def source(of: Any, repeat: bool) -> Source:
    """The source that a stream or an iterable is; with `repeat` it begins anew where it ends."""
    if isinstance(of, Stream):
        return _StreamSource(of, repeat)
    if hasattr(of, "__getitem__") and hasattr(of, "__len__"):
        return _ListSource(of, repeat)
    if not isinstance(of, Iterable) or iter(of) is of:
        raise UsageError(
            f"{type(of).__name__} cannot be begun twice, so a mix of it could not go on",
            next_step="give a list, a dataset, or an object whose __iter__ begins anew",
        )
    return _IterableSource(of, repeat)


class _StreamSource:
    def __init__(self, stream: Stream, repeat: bool) -> None:
        if (stream._rank, stream._world) != (0, 1):
            raise UsageError(
                "a source of a mix is a shard already", next_step="mix whole feeds, shard the mix"
            )
        self._stream, self._repeat = copy.copy(stream), repeat
        if isinstance(self._stream, Feed) and repeat:
            self._stream.epochs = None  # each time around is another epoch, shuffled anew
        end = self._stream.end
        _refuse_empty(end, repeat)
        self.endless = repeat or (isinstance(self._stream, Feed) and end is None)
        if end is None and not self.endless:
            raise UsageError(
                "a source of a mix is a stream whose end is not known",
                next_step="mix all its sources in one mix",
            )
        self.length = None if repeat else end
        self._round = end if repeat else None

    def walk(self, first: int, mine: Mine | None) -> Iterator[tuple[int, Document | None]]:
        # The numbers that are not wanted are not known here, but a stream's length is: nobody asks.
        rounds, first = divmod(first, self._round) if self._round else (0, first)
        while True:
            base = rounds * (self._round or 0)
            here: Mine | None = (lambda n, b=base: mine(n + b)) if mine else None
            for document in self._stream.walk(first, here):
                yield -1, document
            if self._round is None:
                return
            rounds, first = rounds + 1, 0

    def facts(self) -> Any:
        return self._stream.facts()


class _ListSource:
    def __init__(self, of: Any, repeat: bool) -> None:
        self._of, self.endless = of, repeat
        _refuse_empty(len(of), repeat)
        self.length = None if repeat else len(of)

    def walk(self, first: int, mine: Mine | None) -> Iterator[tuple[int, Document | None]]:
        step = 1024
        while self.length is None or first < self.length:
            numbers = np.arange(first, min(first + step, self.length or first + step))
            for number in numbers[mine(numbers)] if mine else numbers:
                yield int(number), self._of[int(number) % len(self._of)]
            first += len(numbers)

    def facts(self) -> Any:
        return {"kind": type(self._of).__name__, "documents": len(self._of)}


class _IterableSource:
    def __init__(self, of: Iterable[Document], repeat: bool) -> None:
        self._of, self.endless = of, repeat
        self.length: int | None = None

    def walk(self, first: int, mine: Mine | None) -> Iterator[tuple[int, Document | None]]:
        # Nothing is known of it but its order: to go on, what came before is passed over, and told
        # of, because it may be less than was thought.
        number = 0
        while True:
            begun = number
            for document in self._of:
                wanted = number >= first and (mine is None or bool(mine(np.array([number]))[0]))
                yield number, document if wanted else None
                number += 1
            if not self.endless:
                self.length = number
                return
            _refuse_empty(number - begun, True)

    def facts(self) -> Any:
        return {"kind": type(self._of).__name__}


def _refuse_empty(length: int | None, repeat: bool) -> None:
    if repeat and length == 0:
        raise UsageError("a source that is to repeat has no documents", next_step="leave it out")
