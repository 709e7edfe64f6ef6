"""Progress of long work: a line redrawn on a terminal, a new line every ten seconds elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from types import TracebackType


class Bar:
    """Shows (phase, done, total) on standard error; `quiet` only where that is a terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._terminal = sys.stderr.isatty()
        self._silent = quiet and not self._terminal
        self._every = 0.1 if self._terminal else 10.0
        self._phase = ""
        self._started = self._shown = time.monotonic()

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._terminal:
            sys.stderr.write("\r\x1b[K")

    def update(self, phase: str, done: int, total: int) -> None:
        """Shows how far it is, if it is time to."""
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._started = phase, now
        if self._silent or now - self._shown < self._every:
            return
        self._shown = now
        start, end = ("\r\x1b[K", "") if self._terminal else ("", "\n")
        # Work goes on where nobody looks at its progress.
        with contextlib.suppress(BrokenPipeError):
            sys.stderr.write(start + self._line(done, total, now - self._started) + end)
            sys.stderr.flush()

    def _line(self, done: int, total: int, elapsed: float) -> str:
        if total == 1 or not done or not elapsed:
            return self._phase
        rate = done / elapsed
        if not total:  # nobody knows how much it will be
            return f"{self._phase}  {done / 1e6:,.1f} MB  {rate / 1e6:,.1f} MB/s"
        amounts = f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB"
        left = max(total - done, 0) / rate
        share = min(100, 100 * done // total)
        return f"{self._phase} {share:3d} %  {amounts}  {rate / 1e6:,.1f} MB/s  {left:,.0f} s left"
