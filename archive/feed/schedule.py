"""Which source of a mix comes at which position: a periodic pattern with exact fractions.

R. Tijdeman, "The chairman assignment problem", Discrete Mathematics 32 (1980): a sequence in which
after any number n of positions every source has had its share of n to within 1 - 1/(2k - 2),
k the number of sources. So over any window at all no share is off by 2 documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Final

import numpy as np

from archive.errors import UsageError
from archive.feed.order import Ints

MAX_PERIOD: Final = 1_000_000
"""Positions after which a pattern repeats, at most: shares have six decimals or fewer."""


def weights(shares: Sequence[float]) -> tuple[int, ...]:
    """Shares as whole numbers in the same proportion, as small as can be."""
    exact = [Fraction(str(share)) for share in shares]
    if not exact or min(exact) <= 0:
        raise UsageError(f"no mix of shares {list(shares)}", next_step="give each more than 0")
    whole = lcm(*(each.denominator for each in exact))
    numbers = [int(each * whole) for each in exact]
    common = int(np.gcd.reduce(numbers))
    if sum(numbers) // common > MAX_PERIOD:
        raise UsageError(
            f"shares {list(shares)} repeat only after {sum(numbers) // common:,} documents",
            next_step="round them, or give whole numbers such as 1 and 2",
        )
    return tuple(number // common for number in numbers)


def pattern(parts: Sequence[int]) -> Ints:
    """One period of the sequence: source numbers, source i `parts[i]` times."""
    period, active = sum(parts), [i for i, part in enumerate(parts) if part]
    if len(active) == 1:
        return np.full(period, active[0], np.int64)
    slack = 2 * len(active) - 2
    given, chosen = [0] * len(parts), np.empty(period, np.int64)
    # Each source has a position by which it must come, lest it fall behind its bound. It goes as
    # (slack * (given + 1) - 1) / part: brought to one denominator, all numbers stay whole.
    scale = [lcm(*(parts[i] for i in active)) // part if part else 0 for part in parts]
    due = [(slack - 1) * each for each in scale]
    for n in range(1, period + 1):
        ready = (i for i in active if slack * (parts[i] * n - given[i] * period) >= period)
        first = min(ready, key=lambda i: (due[i], i))
        given[first] += 1
        due[first] += slack * scale[first]
        chosen[n - 1] = first
    return chosen


@dataclass(frozen=True)
class Phase:
    """Positions from `first` on in which the sources with a weight share, until one ends."""

    first: int
    given: tuple[int, ...]  # documents that each source has had before
    weights: tuple[int, ...]
    turn: int = 0  # where in its period the pattern begins

    @cached_property
    def pattern(self) -> Ints:
        return np.roll(pattern(self.weights), -self.turn)

    @cached_property
    def places(self) -> tuple[Ints, ...]:
        """For each source, where in the period it comes."""
        return tuple(np.flatnonzero(self.pattern == i) for i in range(len(self.weights)))

    def sources(self, positions: Ints) -> Ints:
        """The sources at positions of this phase."""
        return self.pattern[(positions - self.first) % len(self.pattern)]

    def counts(self, position: int) -> tuple[int, ...]:
        """Documents that each source has had before a position of this phase."""
        periods, rest = divmod(position - self.first, len(self.pattern))
        part = np.bincount(self.pattern[:rest], minlength=len(self.weights))
        counts = np.array(self.given) + periods * np.array(self.weights) + part
        return tuple(counts.tolist())

    def positions(self, source: int, numbers: Ints) -> Ints:
        """The inverse: at which positions a source's documents number `numbers` come."""
        periods, rest = np.divmod(numbers - self.given[source], self.weights[source])
        found: Ints = self.first + periods * len(self.pattern) + self.places[source][rest]
        return found

    def end(self, lengths: Sequence[int | None]) -> tuple[int, int] | None:
        """(position, source): the first that asks for a document a source does not have."""
        asked = [
            (int(self.positions(i, np.array([max(length, self.given[i])]))[0]), i)
            for i, length in enumerate(lengths)
            if length is not None and self.weights[i]
        ]
        return min(asked, default=None)


def phases(
    parts: tuple[int, ...], lengths: Sequence[int | None], turn: int, reweight: bool
) -> tuple[list[Phase], int | None]:
    """All phases of a mix and its end, the lengths of its sources given; None: no end known.

    Without `reweight` the mix ends where its first source does; with it the others share on, in
    the proportion they had, until all have ended.
    """
    made = [Phase(0, (0,) * len(parts), parts, turn)]
    while True:
        last = made[-1]
        end = last.end(lengths)
        if end is None:
            return made, None
        position, source = end
        left = tuple(0 if i == source else part for i, part in enumerate(last.weights))
        if not reweight or not any(left):
            return made, position
        made.append(Phase(position, last.counts(position), left, 0))
