"""Equal keys brought together."""

from __future__ import annotations

import numpy as np

from archive.signals.hashing import Hashes, Positions


class Groups:
    """Equal keys brought together: sizes of the groups and the first member of each.

    `members` lists the positions group by group, `starts` where each group begins in it. With
    `least=2` keys that occur once are left out.
    """

    def __init__(self, keys: Hashes, least: int = 1) -> None:
        order = np.argsort(keys)
        ranked = keys[order]
        new = np.ones(len(ranked) + 1, dtype=bool)
        np.not_equal(ranked[1:], ranked[:-1], out=new[1:-1])
        if least > 1:
            shared = np.flatnonzero(~(new[:-1] & new[1:]))
            order, new = order[shared], new[shared]
        self.members = order
        self.starts = np.flatnonzero(new[: len(order)])
        self.sizes = np.diff(self.starts, append=len(order))
        self.first = np.minimum.reduceat(order, self.starts) if len(order) else order

    def number(self) -> Positions:
        """Each member's group, in the order of `members`."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)
