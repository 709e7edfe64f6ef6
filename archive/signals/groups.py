"""Equal keys of each text brought together."""

from __future__ import annotations

from archive.signals.hashing import Hashes, Positions
from archive.signals.kernels.hashes import grouped


class Groups:
    """Equal keys of each text: text i has the keys bounds[i] to bounds[i + 1].

    `number` is the group of each key; groups are numbered in the order of their first keys.
    `sizes` is how many keys each has, `first` which is its first; text i has the groups
    bounds[i] to bounds[i + 1].
    """

    def __init__(self, keys: Hashes, bounds: Positions) -> None:
        self.number, self.sizes, self.first, self.bounds = grouped(keys, bounds)
