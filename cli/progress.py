"""Progress of long work: a line that is redrawn on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType


class Bar:
    """Shows (phase, done, total) on standard error; `quiet` shows nothing off a terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._terminal = sys.stderr.isatty()
        self._silent = quiet and not self._terminal
        self._every = 0.1 if self._terminal else 10.0
        self._phase, self._started, self._drawn = "", time.monotonic(), time.monotonic()

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._terminal:
            sys.stderr.write("\r\x1b[K")

    def update(self, phase: str, done: int, total: int) -> None:
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._started = phase, now
        elif now - self._drawn < self._every:
            return
        elif self._silent:
            return
        if self._terminal or (not self._silent and now - self._started >= self._every):
            self._draw(done, total, now)

    def _draw(self, done: int, total: int, now: float) -> None:
        self._drawn = now
        line = self._phase
        if total > 1:
            elapsed = max(now - self._started, 1e-9)
            left = elapsed * (total - done) / done if done else 0.0
            line += f"  {100 * done // total:3d} %  {done / 1e6:,.1f} of {total / 1e6:,.1f} MB"
            line += f"  {done / 1e6 / elapsed:,.1f} MB/s  {left:,.0f} s left"
        start, end = ("\r\x1b[K", "") if self._terminal else ("", "\n")
        sys.stderr.write(start + line + end)
        sys.stderr.flush()
