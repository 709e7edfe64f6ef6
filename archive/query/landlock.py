"""Landlock through ctypes: a process gives up its own rights to files and to the network.

Linux 5.13 and later, no privilege needed; what is given up cannot be had back. The kernel's own
page: https://docs.kernel.org/userspace-api/landlock.html (names and bits as in linux/landlock.h).
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from typing import Final

from archive.errors import EnvironmentFailed

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # one number on every architecture
_VERSION_FLAG, _PATH_BENEATH, _NO_NEW_PRIVS = 1, 1, 38

READ_FILE: Final = 1 << 2
READ_DIR: Final = 1 << 3
_FS_RIGHTS: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""ABI version to every file right it knows: 2 adds refer, 3 truncate, 5 device ioctl."""
_TCP: Final = 0b11  # ABI 4: bind and connect
_SCOPES: Final = 0b11  # ABI 6: abstract unix sockets and signals to others


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def abi() -> int:
    """The version that this kernel speaks; 0 where there is no Landlock."""
    if not sys.platform.startswith("linux"):
        return 0
    version: int = _libc().syscall(
        ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG)
    )
    return max(version, 0)


def restrict(*, files: Iterable[str] = (), folders: Iterable[str] = ()) -> int:
    """From here on this thread and those it starts read `files` and what lies in `folders`.

    Nothing can be written, made, removed, renamed or executed anywhere; no TCP where the kernel's
    ABI is 4 or more. Returns the ABI. Raises EnvironmentFailed where the kernel refuses.
    Threads that run already keep their rights: call it before they start.
    """
    version = abi()
    if version == 0:
        raise EnvironmentFailed("this kernel has no Landlock", next_step="use Linux 5.13 or later")
    rights = _FS_RIGHTS[max(known for known in _FS_RIGHTS if known <= version)]
    attributes = _Ruleset(rights, _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    # A kernel refuses a structure longer than it knows, so each ABI gets its own size.
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = _call(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0)
    try:
        for path in files:
            _allow(ruleset, path, READ_FILE)
        for path in folders:
            _allow(ruleset, path, READ_FILE | READ_DIR)
        if _libc().prctl(_NO_NEW_PRIVS, ctypes.c_ulong(1), *(ctypes.c_ulong(0),) * 3) != 0:
            raise _failed("prctl")
        _call(_RESTRICT_SELF, ctypes.c_int(ruleset), 0)
    finally:
        os.close(ruleset)
    return version


def _allow(ruleset: int, path: str, rights: int) -> None:
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathBeneath(rights, handle)
        _call(_ADD_RULE, ctypes.c_int(ruleset), _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(handle)


def _call(number: int, *arguments: object) -> int:
    result: int = _libc().syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise _failed(f"system call {number}")
    return result


def _failed(what: str) -> EnvironmentFailed:
    reason = os.strerror(ctypes.get_errno())
    return EnvironmentFailed(
        f"Landlock failed at {what}: {reason}", next_step="see whether the kernel allows it"
    )


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc
