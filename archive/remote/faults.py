"""What can go wrong with one request, whether it may pass, and how often it is tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from archive.errors import Unreachable
from archive.remote.politeness import Politeness

GAIN: Final = 1 << 20
"""A try that got so many bytes further was worth it: the count of tries begins anew."""

_AGAIN: Final = (
    "check the address, the credentials and the network, then run the same command again: what"
    " came is kept"
)

NOBODY_TRIES: Final = 4
"""Tries where nobody answers at all: rather a wrong address than a server that has much to do."""

_PASSING: Final = frozenset({408, 425, 429})
_FOR_GOOD: Final = frozenset({501, 505})

T = TypeVar("T")


class Fault(Exception):
    """One request did not give what it should. `passing`: another may."""

    def __init__(
        self,
        reason: str,
        *,
        passing: bool = True,
        missing: bool = False,
        after: float | None = None,
        nobody: bool = False,
        next_step: str = _AGAIN,
    ) -> None:
        super().__init__(reason)
        self.passing, self.missing, self.next_step = passing, missing, next_step
        self.nobody = nobody  # there was no connection
        self.after = after  # seconds that the server asks to wait


def answered(status: int, reason: str, after: float | None = None) -> Fault:
    """The fault of an HTTP status that is no success (S3 has the same)."""
    told = f"the server says {status} {reason}".rstrip()
    if status in (404, 410):
        step = "check the address and the credentials: it may be there for those who may see it"
        return Fault(told, passing=False, missing=True, next_step=step)
    if status in (401, 403):
        step = (
            "check the address and the credentials; a server that finds it is asked too much says"
            " the same: wait, then use fewer --connections. Common Crawl wants signed requests at"
            " s3://commoncrawl/; https://data.commoncrawl.org/ has the same paths for everybody"
        )
        return Fault(told, passing=False, next_step=step)
    if 400 <= status < 500 and status not in _PASSING:
        return Fault(told, passing=False, next_step="check the address")
    return Fault(told, passing=status not in _FOR_GOOD, after=after)


def ends_before(start: int) -> Fault:
    """The fault of asking for bytes that a file does not have."""
    step = "check that the list of ranges is of this file"
    return Fault(f"it ends before byte {start + 1:,}", passing=False, next_step=step)


class Tries:
    """Counts the tries in a row that bring little, and waits between them."""

    def __init__(self, url: str, politeness: Politeness) -> None:
        self._url, self._politeness = url, politeness
        self._made = self._in_a_row = 0

    def failed(self, fault: Fault, gained: int = 0) -> None:
        """Returns when it is time to try again; raises Unreachable when there is no use in it."""
        self._made += 1
        self._in_a_row = 1 if gained >= GAIN else self._in_a_row + 1
        polite, asked = self._politeness, fault.after or 0.0
        if asked > polite.longest_asked_s:
            reason = f"{fault}, and asks to wait {asked:,.0f} s"
            step = "run the same command again after that time: what came is kept"
            raise Unreachable(self._url, reason, self._made, next_step=step) from fault
        most = min(polite.attempts, NOBODY_TRIES) if fault.nobody else polite.attempts
        if not fault.passing or self._in_a_row >= most:
            raise Unreachable(
                self._url,
                str(fault),
                self._made,
                missing=fault.missing,
                next_step=fault.next_step,
            ) from fault
        # Doubling, and half of it by chance, so that those who failed together do not come back
        # together (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
        own = min(polite.longest_wait_s, polite.first_wait_s * 2 ** (self._in_a_row - 1))
        polite.clock.sleep(max(asked, own / 2 + own / 2 * polite.clock.chance()))


def trying(url: str, politeness: Politeness, action: Callable[[], T]) -> T:
    """What an action gives that brings all or nothing, tried as often as politeness says."""
    tries = Tries(url, politeness)
    while True:
        try:
            return action()
        except Fault as fault:
            tries.failed(fault)
