"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def writing(target: Path) -> Iterator[BinaryIO]:
    """A file beside the target, synced and moved to its place where the block ends without error.

    Whatever goes wrong, what was there before stays and nothing else is left.
    """
    aside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        with aside.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)
