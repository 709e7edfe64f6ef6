"""Locks that go when their process does, on systems and file systems that have them."""

from __future__ import annotations

from typing import IO

try:
    import fcntl
except ImportError:  # no flock on this system: those who share a folder do not know of each other
    fcntl = None  # type: ignore[assignment]


def lock(file: IO[bytes], *, wait: bool = True) -> bool:
    """Locks an open file until it is closed; False if, unwaited for, another has the lock.

    OSError where the file system has no locks.
    """
    if fcntl is None:
        raise OSError("this system has no flock")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
