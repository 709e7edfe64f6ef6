"""Estimates from independent replicates, with their standard errors."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def mean(values: Floats) -> tuple[float, float]:
    """The mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1)) / math.sqrt(values.size)


def median(values: Floats) -> tuple[float, float]:
    """The median and half the distance between the order statistics one error apart."""
    ordered = np.sort(values)
    reach = math.sqrt(values.size) / 2
    middle = values.size / 2
    low, high = ordered[int(middle - reach)], ordered[min(values.size - 1, int(middle + reach))]
    return float(np.median(ordered)), float(high - low) / 2
