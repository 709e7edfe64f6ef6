"""A mix by tokens: what each source has given so far decides which comes next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from archive.feed.sources import Source
from archive.feed.stream import Document, Mine, Stream


@dataclass(frozen=True, slots=True)
class _Spent:
    """What the sources have given before a position."""

    position: int
    documents: tuple[int, ...]
    tokens: tuple[int, ...]


class TokenMix(Stream):
    """Sources by tokens. The source that is furthest behind its share comes next.

    So no source is ever ahead of its share by more than one document. Every consumer has to walk
    through all documents, the others' too, because their sizes decide the order; with blocks of
    equal size (Feed.tokens) a mix by documents is one by tokens and has no such cost.
    """

    def __init__(
        self,
        sources: list[Source],
        parts: tuple[int, ...],
        when_ended: str,
        count: Callable[[Document], int],
    ) -> None:
        super().__init__()
        self._sources, self._parts, self._when_ended = sources, parts, when_ended
        self._count = count
        nothing = (0,) * len(parts)
        self._start = self._loaded_spent = self._spent = _Spent(0, nothing, nothing)

    @property
    def end(self) -> int | None:
        return None

    def facts(self) -> dict[str, Any]:
        return {
            "by": "tokens",
            "when_ended": self._when_ended,
            "weights": list(self._parts),
            "sources": [each.facts() for each in self._sources],
        }

    def known(self, position: int) -> Any:
        # In a process that only hands out what workers read, nothing newer is known: those who go
        # on walk through what was given, and come to the same place.
        at = self._at(position)
        return {"position": at.position, "documents": at.documents, "tokens": at.tokens}

    def learn(self, known: Any) -> None:
        spent = _Spent(known["position"], tuple(known["documents"]), tuple(known["tokens"]))
        self._loaded_spent = self._spent = spent

    def _at(self, position: int) -> _Spent:
        """The last that is known before a position."""
        places = (self._spent, self._loaded_spent, self._start)
        return next(each for each in places if each.position <= position)

    def walk(self, first: int, mine: Mine | None) -> Iterator[Document]:
        at = self._at(first)
        documents, tokens, position = list(at.documents), list(at.tokens), at.position
        walks = [_from(s, n) for s, n in zip(self._sources, documents, strict=True)]
        ended: set[int] = set()
        while len(ended) < len(walks):
            number = self._next(tokens, ended)
            try:
                document = next(walks[number])
            except StopIteration:
                if self._when_ended != "reweight":
                    return
                ended.add(number)
                continue
            documents[number] += 1
            tokens[number] += self._count(document)
            position += 1
            self._spent = _Spent(position, tuple(documents), tuple(tokens))
            if position > first and (mine is None or mine(np.array([position - 1]))[0]):
                yield document

    def _next(self, tokens: list[int], ended: set[int]) -> int:
        left = (i for i in range(len(tokens)) if i not in ended)
        return min(left, key=lambda i: (Fraction(tokens[i], self._parts[i]), i))


def _from(of: Source, first: int) -> Iterator[Document]:
    """The documents of a source from number `first` on."""
    return (document for _, document in of.walk(first, None) if document is not None)
