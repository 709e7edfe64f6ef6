"""Stretches of a batch of texts, and exact arithmetic over them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from archive.signals.hashing import Positions

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Spans:
    """Stretches of the batch, in order; those of text i are bounds[i] to bounds[i + 1]."""

    starts: Positions
    ends: Positions
    bounds: Positions

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def lengths(self) -> Positions:
        return self.ends - self.starts

    @cached_property
    def document(self) -> Positions:
        """Whose each one is."""
        return np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))

    def where(self, mask: Mask) -> Spans:
        return self.at(np.flatnonzero(mask))

    def at(self, kept: Positions) -> Spans:
        """Those at these (sorted) places."""
        bounds = np.searchsorted(kept, self.bounds)
        return Spans(self.starts[kept], self.ends[kept], bounds)


def running(values: npt.NDArray[np.integer]) -> Positions:
    """The sum of all values before each one, and of all of them at the end."""
    sums = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=sums[1:])
    return sums


def ratio(
    parts: npt.NDArray[np.integer], whole: npt.NDArray[np.integer]
) -> npt.NDArray[np.float64]:
    """One exact integer over another, correctly rounded; 0 where there is nothing to divide by."""
    result: npt.NDArray[np.float64] = np.zeros(len(parts))
    np.divide(parts, whole, out=result, where=np.asarray(whole) != 0)
    return result
