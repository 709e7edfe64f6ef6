"""Several sources in fixed shares, exactly repeatable, resumed from one integer."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from archive.errors import CheckFailed, UnknownName, UsageError
from archive.feed.feed import Feed
from archive.feed.order import Ints, derive
from archive.feed.schedule import Phase, phases, weights
from archive.feed.sources import Source, source
from archive.feed.stream import Document, Mine, Shard, Stream, for_torch

WHEN_ENDED: Final = ("stop", "repeat", "reweight")
BY: Final = ("documents", "tokens")
STEP: Final = 1024
"""Positions planned at a time."""

_log = logging.getLogger("archive.feed")


@dataclass(frozen=True, slots=True)
class Originals:
    """A floor under the share of preserved human text."""

    min_share: float


def originals(min_share: float) -> Originals:
    """A guard for `mix`: refuses a mix whose share of snapshot documents could be lower."""
    if not 0 < min_share <= 1:
        raise UsageError(f"no share: {min_share}", next_step="give one above 0, up to 1")
    return Originals(min_share)


def mix(
    sources: Mapping[Any, float] | Iterable[tuple[Any, float]],
    *,
    seed: int = 0,
    by: str = "documents",
    when_ended: str = "stop",
    guard: Originals | None = None,
    count: Callable[[Document], int] | None = None,
) -> Stream:
    """Documents of several sources, each in its share, as one stream.

    A source is a feed or any iterable of dicts that can be begun anew. Shares are proportions:
    0.9 and 0.1, or 9 and 1. By documents the fractions hold in every window to within two; by
    tokens each document weighs what `count` says, else its `tokens` or `input_ids`. When a source
    ends the mix stops, repeats the source (a feed: in its next epoch's order), or shares on among
    the others ("reweight"). `guard` is `originals(min_share)`.
    """
    from archive.feed.by_tokens import TokenMix

    for kind, name, known in (("measure", by, BY), ("policy", when_ended, WHEN_ENDED)):
        if name not in known:
            raise UnknownName(kind, name, known)
    pairs = list(sources.items() if isinstance(sources, Mapping) else sources)
    parts = weights([share for _, share in pairs])
    if guard:
        _require_originals([each for each, _ in pairs], parts, when_ended, guard)
    drawn = [source(each, when_ended == "repeat") for each, _ in pairs]
    made: Stream
    if by == "tokens":
        made = TokenMix(drawn, parts, when_ended, count or tokens_of)
    else:
        made = Mix(drawn, parts, seed, when_ended)
    for_torch(made)
    return made


def tokens_of(document: Document) -> int:
    """How many tokens a document says it has."""
    for name in ("tokens", "input_ids"):
        if name in document:
            found = document[name]
            return int(found) if isinstance(found, int) else len(found)
    raise UsageError(
        f"a document has no tokens to count, only {', '.join(document)}",
        next_step="give mix(count=...), a function from a document to a number",
    )


def _require_originals(
    sources: list[Any], parts: tuple[int, ...], when_ended: str, guard: Originals
) -> None:
    """Refuses a mix that begins below the floor, or falls below it when an original ends."""
    kept = sum(part for of, part in zip(sources, parts, strict=True) if is_original(of))
    share = kept / sum(parts)
    if share < guard.min_share:
        raise CheckFailed(
            f"{share:.1%} of this mix are preserved originals, below the floor of"
            f" {guard.min_share:.1%}",
            next_step="give the feeds of snapshots a larger share",
        )
    if when_ended == "reweight" and kept < sum(parts):
        raise CheckFailed(
            "when the originals end, this mix would go on without them",
            next_step='choose when_ended="stop" or "repeat"',
        )


def is_original(of: Any) -> bool:
    """Whether a source is preserved text: a feed of a snapshot, packed into tokens or not."""
    return isinstance(getattr(of, "feed", of), Feed)


class Mix(Stream):
    """Sources by documents. Which comes when is a pure function of shares, seed and position."""

    def __init__(
        self, sources: list[Source], parts: tuple[int, ...], seed: int, when_ended: str
    ) -> None:
        super().__init__()
        self._sources, self._parts, self._seed = sources, parts, seed
        self._when_ended = when_ended

    @cached_property
    def _turn(self) -> int:
        return int.from_bytes(derive("mix-v1", self._seed)[:8], "big") % sum(self._parts)

    @property
    def _surprising(self) -> list[int]:
        """The sources of which it is not known where they end."""
        return [i for i, s in enumerate(self._sources) if s.length is None and not s.endless]

    @property
    def _lengths(self) -> tuple[int | None, ...]:
        return tuple(each.length for each in self._sources)

    def _phases(self) -> tuple[list[Phase], int | None]:
        key = self._lengths
        if self.__dict__.get("_known", (None,))[0] != key:
            reweight = self._when_ended == "reweight"
            self._known = key, phases(self._parts, key, self._turn, reweight)
        return self._known[1]

    @property
    def end(self) -> int | None:
        """Known where the lengths of all sources are, or of the one that ends the mix for sure."""
        unknown = any(length is None for length in self._lengths)
        return None if unknown else self._phases()[1]

    def facts(self) -> dict[str, Any]:
        return {
            "by": "documents",
            "seed": self._seed,
            "when_ended": self._when_ended,
            "weights": list(self._parts),
            "sources": [each.facts() for each in self._sources],
        }

    def given(self, position: int | None = None) -> tuple[int, ...]:
        """Documents of each source before a position, by default the present one."""
        at = self.position if position is None else position
        return _phase(self._phases()[0], at).counts(at)

    def _state(self, position: int, shard: Shard) -> dict[str, Any]:
        return super()._state(position, shard) | {"given": list(self.given(position))}

    def known(self, position: int) -> Any:
        given = self.given(position)
        return [each.known(number) for each, number in zip(self._sources, given, strict=True)]

    def learn(self, known: Any) -> None:
        for each, of in zip(self._sources, known, strict=True):
            each.learn(of)

    def walk(self, first: int, mine: Mine | None) -> Iterator[Document]:
        position: int | None = first
        while position is not None:
            # A source whose end comes as a surprise changes what comes after: begun again there.
            position = yield from self._walk(position, mine)
        _, end = self._phases()
        _log.info("the mix has ended: documents of each source %s", self.given(end))

    def _walk(self, first: int, mine: Mine | None) -> Generator[Document, None, int | None]:
        """Documents from `first` on; returns where to begin again, or None at the end."""
        made, end = self._phases()
        surprising, begin = self._surprising, _phase(made, first).counts(first)
        cursors = [_Cursor(each, made, i, begin[i], mine) for i, each in enumerate(self._sources)]
        while end is None or first < end:
            phase = _phase(made, first)
            bounds = [p.first for p in made if p.first > first] + ([] if end is None else [end])
            positions = np.arange(first, min([first + STEP, *bounds]))
            sources, given = phase.sources(positions), phase.counts(first)
            # A source of no known length must have had all that came before a position.
            asked = {i: given[i] + np.cumsum(sources == i) for i in surprising}
            wanted = np.flatnonzero(mine(positions)) if mine else range(len(positions))
            for at in wanted:
                if not all(cursors[i].reach(int(asked[i][at])) for i in surprising):
                    return int(positions[at])
                yield cursors[sources[at]].next()
            first = int(positions[-1]) + 1
        return None


def _phase(made: list[Phase], position: int) -> Phase:
    return next(each for each in reversed(made) if each.first <= position)


class _Cursor:
    """Where a walk is in one source."""

    def __init__(
        self, of: Source, made: list[Phase], number: int, first: int, mine: Mine | None
    ) -> None:
        self._seen = 0  # counted of a source of no known length only
        self._held: deque[Document] = deque()
        ours: Mine | None = None
        if mine:
            ours = lambda numbers: mine(_positions(made, number, numbers))  # noqa: E731
        self._documents = of.walk(first, ours)

    def reach(self, count: int) -> bool:
        """Reads on until `count` documents of the source are known to be there; False: it ends."""
        while self._seen < count:
            try:
                _, document = next(self._documents)
            except StopIteration:
                return False
            self._seen += 1
            if document is not None:
                self._held.append(document)
        return True

    def next(self) -> Document:
        """The next wanted document."""
        if self._held:
            return self._held.popleft()
        for _, document in self._documents:
            if document is not None:
                return document
        raise CheckFailed(
            "a source of the mix ended before its length", next_step="check its __len__"
        )


def _positions(made: list[Phase], number: int, numbers: Ints) -> Ints:
    """At which positions of a mix a source's documents `numbers` come; beyond its end: -1."""
    found = np.full(len(numbers), -1, np.int64)
    for phase in made:
        if phase.weights[number]:
            inside = numbers >= phase.given[number]
            found[inside] = phase.positions(number, numbers[inside])
    return found
