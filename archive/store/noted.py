"""What the input files of unfinished builds were hashed to, so that nobody hashes them again.

A build that goes on, and the last one after its shares, ask for the same files again. A note holds
for a file that still has the size, times and inode that it had; it is not taken of a file that was
written a moment ago, which could be written again within one tick of its clock.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from archive.digest import canonical_json, sha256_hex

FOLDER: Final = "hashed"  # in the work folder
SETTLED: Final = 10.0
"""Seconds since a file's last change. Clocks of network storage tick once a second at worst, and
may differ from ours by some."""

LARGE: Final = 16 << 20
"""Bytes of a file from which on a note costs less than hashing it again."""


def recall(folder: Path, path: Path, state: Sequence[int]) -> dict[str, str]:
    """Digests by algorithm that are noted of a file in this state; none where there is no note."""
    try:
        note = json.loads(_place(folder, path).read_bytes())
        digests = note["digests"] if note["state"] == list(state) else {}
        return {str(name): str(digest) for name, digest in digests.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # torn or absent
        return {}


def note(folder: Path, path: Path, state: Sequence[int], digests: dict[str, str]) -> None:
    """Notes what was found of a file that was in this state before and after it was hashed."""
    status = path.stat()
    if status.st_size < LARGE or time.time() - max(status.st_mtime, status.st_ctime) < SETTLED:
        return
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{secrets.token_hex(8)}"
    aside.write_bytes(canonical_json({"state": list(state), "digests": digests}))
    os.replace(aside, _place(folder, path))


def _place(folder: Path, path: Path) -> Path:
    return folder / f"{sha256_hex(os.fsencode(path.absolute()))}.json"
