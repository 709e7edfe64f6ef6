"""What a verification found, and what it looked at."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from archive.digest import sha256_file
from archive.store.objects import status_of

MISSING: Final = "missing"  # named, and not there
CORRUPT: Final = "corrupt"  # there, and not what was recorded of it
EXTRA: Final = "extra"  # there, and named by nothing
UNVERIFIABLE: Final = "unverifiable"  # cannot be read or judged here and now

RESTORE: Final = "restore this file from a copy of the store"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `kind` is missing, corrupt, extra or unverifiable.

    `inputs` names the inputs whose documents or ledger are in what is wrong, where that is known.
    """

    kind: str
    path: str  # below the store's folder
    expected: str
    found: str
    fix: str = RESTORE
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, and how much was read to look for them.

    `content_roots` has, by reference (`web@3`), the roots that were computed and agree; in a
    sample there are none, as a root needs every document.
    """

    findings: tuple[Finding, ...] = ()
    checked_objects: int = 0
    checked_bytes: int = 0
    documents: int = 0
    content_roots: dict[str, str] = field(default_factory=dict)
    sample: float | None = None

    @property
    def ok(self) -> bool:
        return not self.findings

    def merged(self, findings: Iterable[Finding]) -> Report:
        """This report with more findings."""
        return replace(self, findings=(*self.findings, *findings))


def check_file(path: Path, sha256: str, size: int | None, shown: str) -> Finding | None:
    """Whether a name is a plain file of this size and SHA-256; the finding if not."""
    try:
        if (wrong := check_size(path, size, shown)) or sha256_file(path) == sha256:
            return wrong
        return Finding(CORRUPT, shown, f"sha256 {sha256}", f"sha256 {sha256_file(path)}")
    except OSError as error:
        return unreadable(shown, error)


def check_size(path: Path, size: int | None, shown: str) -> Finding | None:
    """As `check_file`, without reading the bytes."""
    status = status_of(path)
    if status is None:
        return Finding(MISSING, shown, "a file" if size is None else f"{size} bytes", "nothing")
    if not stat.S_ISREG(status.st_mode):
        return Finding(CORRUPT, shown, "a plain file", kind_of(status.st_mode))
    if size is not None and status.st_size != size:
        return Finding(CORRUPT, shown, f"{size} bytes", f"{status.st_size} bytes")
    return None


def unreadable(shown: str, error: OSError) -> Finding:
    fix = "check the disk and the permissions, then verify again"
    return Finding(UNVERIFIABLE, shown, "a file that can be read", str(error), fix)


def kind_of(mode: int) -> str:
    """What a name is, in words."""
    names = {
        stat.S_IFREG: "a file",
        stat.S_IFDIR: "a folder",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
    }
    return names.get(stat.S_IFMT(mode), "a device")
