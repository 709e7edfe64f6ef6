"""What a mix draws from: streams of this package, and any iterable of dicts that is not one."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from archive.errors import UsageError
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

    def known(self, number: int) -> Any:
        """See Stream.known."""
        ...

    def learn(self, known: Any) -> None:
        """See Stream.learn."""
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
        _refuse_empty(stream.end, repeat)
        self._stream = stream.endlessly() if repeat else copy.copy(stream)
        self.length, self.endless = self._stream.end, self._stream.endless
        if self.length is None and not self.endless:
            raise UsageError(
                "a source of a mix is a stream whose end is not known",
                next_step="mix all its sources in one mix; give a feed of tokens epochs=None",
            )

    def walk(self, first: int, mine: Mine | None) -> Iterator[tuple[int, Document | None]]:
        # The numbers do not matter where the length is known, or there is no end.
        return ((-1, document) for document in self._stream.walk(first, mine))

    def known(self, number: int) -> Any:
        return self._stream.known(number)

    def learn(self, known: Any) -> None:
        self._stream.learn(known)

    def facts(self) -> Any:
        return self._stream.facts()


class _Unlearned:
    """A source of which there is nothing to know but the number."""

    def known(self, number: int) -> Any:
        return None

    def learn(self, known: Any) -> None:
        pass


class _ListSource(_Unlearned):
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


class _IterableSource(_Unlearned):
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
