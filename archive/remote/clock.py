"""Time and chance as waits need them, behind a seam: a test passes a clock that only counts."""

from __future__ import annotations

import random
import time
from typing import Protocol


class Clock(Protocol):
    """What waiting is done with. No content ever depends on it."""

    def now(self) -> float:
        """Seconds since 1970, as all machines that share a build agree on them."""
        ...

    def sleep(self, seconds: float) -> None:
        """Returns when that time has passed."""
        ...

    def chance(self) -> float:
        """A number from 0 up to 1 that other processes do not draw too."""
        ...


class SystemClock:
    """The machine's own."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def chance(self) -> float:
        return random.random()
