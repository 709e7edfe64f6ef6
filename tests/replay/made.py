"""Texts made by code: documents of words drawn from Zipf's law, with some order in them."""

from __future__ import annotations

import numpy as np

from archive.replay.texts import Taken, Text, take


def documents(count: int = 24, words: int = 1500, seed: int = 0, types: int = 3000) -> list[Text]:
    """Documents whose next word depends on the last one, so that there is something to learn."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, types + 1)
    weights /= weights.sum()
    made = []
    for number in range(count):
        drawn = rng.choice(types, size=words, p=weights)
        follows = rng.random(words) < 0.5
        for i in range(1, words):
            if follows[i]:
                drawn[i] = (drawn[i - 1] * 7 + 3) % 200
        made.append(Text(f"group{number % 2}", " ".join(f"w{word}" for word in drawn)))
    return made


def taken(**options: int) -> Taken:
    return take(documents(**options))
