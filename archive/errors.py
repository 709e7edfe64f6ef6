"""Every error raised on purpose: one small tree, each carrying facts and a next step.

LowbgError
├── UsageError            exit 2   the call was wrong: a name, an option, a query
│   └── UnknownName                names the known ones
├── CheckFailed           exit 1   something that should agree does not
│   ├── Corrupt                    bytes differ from what was recorded
│   └── Unaccounted                an input's bytes are not all in its ledger
└── EnvironmentFailed     exit 3   disk, network, memory, a worker: try again elsewhere or later
    ├── WorkerFailed
    ├── Unreachable                what is at a URL could not be had
    └── LimitReached               a query hit its memory or time limit
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class LowbgError(Exception):
    """The root of the tree. `str()` is the message; `next_step` says what to do about it."""

    exit_code = 3

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.next_step = next_step

    def __reduce__(self) -> tuple[Any, ...]:
        # Subclasses take facts, not a message, so the default would call them wrongly when an
        # error crosses from a worker process to its parent.
        return _revive, (type(self), self.args, self.__dict__)


def _revive(kind: type[LowbgError], args: tuple[Any, ...], facts: dict[str, Any]) -> LowbgError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(facts)
    return error


class UsageError(LowbgError):
    """The call cannot be carried out as it was written."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that is not known, with the names that are."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        close = difflib.get_close_matches(name, self.known, n=1)
        listed = ", ".join(self.known) or "none yet"
        super().__init__(
            f"unknown {kind} {name!r}",
            next_step=(f"did you mean {close[0]!r}? " if close else "") + f"known: {listed}",
        )


class CheckFailed(LowbgError):
    """Something that should agree does not."""

    exit_code = 1


class Corrupt(CheckFailed):
    """Bytes differ from what was recorded of them."""

    def __init__(self, path: object, expected: str, found: str, *, next_step: str = "") -> None:
        self.path, self.expected, self.found = str(path), expected, found
        super().__init__(
            f"{path} is corrupt: expected {expected}, found {found}",
            next_step=next_step or "run 'lowbg verify', then restore the file from a copy",
        )


class Unaccounted(CheckFailed):
    """The ledger of an input does not add up to the input's size."""

    def __init__(self, name: str, size: int, accounted: int) -> None:
        self.name, self.size, self.accounted = name, size, accounted
        super().__init__(
            f"{name}: {size} bytes in, {accounted} accounted for",
            next_step="this is a defect of the reader: please report it with the file",
        )


class EnvironmentFailed(LowbgError):
    """The machine could not do it: disk, network, memory."""

    exit_code = 3


class WorkerFailed(EnvironmentFailed):
    """A worker process died or kept failing on one task."""

    def __init__(self, stage: str, task: str, reason: str) -> None:
        self.stage, self.task, self.reason = stage, task, reason
        super().__init__(
            f"{stage} of {task} failed: {reason}",
            next_step="finished parts are kept: run the same command again to go on",
        )


class Unreachable(EnvironmentFailed):
    """What is at a URL could not be had. `missing`: the other side says that it is not there."""

    def __init__(
        self, url: str, reason: str, tries: int, *, missing: bool = False, next_step: str = ""
    ) -> None:
        self.url, self.reason, self.tries, self.missing = url, reason, tries, missing
        often = f", tried {tries} times" if tries > 1 else ""
        super().__init__(f"cannot read {url}: {reason}{often}", next_step=next_step)


class LimitReached(EnvironmentFailed):
    """A query was stopped at its memory, time or size limit."""
