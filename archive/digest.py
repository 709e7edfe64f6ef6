"""Content hashes: the row encoding `row-v1`, its leaves, and the RFC 6962 tree over them.

The specification, with golden rows, is manifests/README.md; `archive.verify` holds the second,
independent implementation in SQL. Nothing here may change: a new encoding would be `row-v2`.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Final

ROW_PREFIX: Final = b"6:row-v1,"
LEAF_PREFIX: Final = b"\x00"
NODE_PREFIX: Final = b"\x01"
LEAF_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def netstring(value: bytes | None) -> bytes:
    """`<length>:<bytes>,` in decimal ASCII; an absent value is `-,` (so null and empty differ)."""
    return b"-," if value is None else b"%d:%b," % (len(value), value)


def row_leaf(values: Iterable[str | int | None]) -> bytes:
    """The leaf of one row: SHA-256(0x00 || row-v1 encoding), 32 bytes.

    `values` are the identity columns in the order of `schema.IDENTITY`: text as UTF-8, integers in
    decimal, timestamps as integer microseconds since 1970 UTC. Text with a lone surrogate has no
    UTF-8 form and raises UnicodeEncodeError. RFC 6962 section 2.1 for the prefix.
    """
    parts = [LEAF_PREFIX, ROW_PREFIX]
    for value in values:
        parts.append(netstring(None if value is None else str(value).encode()))
    return hashlib.sha256(b"".join(parts)).digest()


def tree_root(sorted_leaves: Iterable[bytes]) -> bytes:
    """The RFC 6962 Merkle tree hash of leaf hashes in the order given, in O(log n) memory.

    An odd node is promoted, never duplicated (duplicating it is CVE-2012-2459).
    """
    # A stack of complete subtrees (height, hash), heights strictly falling, as in a binary counter.
    stack: list[tuple[int, bytes]] = []
    for leaf in sorted_leaves:
        height, node = 0, leaf
        while stack and stack[-1][0] == height:
            node = hashlib.sha256(NODE_PREFIX + stack.pop()[1] + node).digest()
            height += 1
        stack.append((height, node))
    if not stack:
        return EMPTY_ROOT
    _, root = stack.pop()
    while stack:
        root = hashlib.sha256(NODE_PREFIX + stack.pop()[1] + root).digest()
    return root


class LeafSorter:
    """Collects leaves in any order and gives them back sorted, in bounded memory.

    Runs of `run_leaves` leaves are sorted in memory and spilled to one temporary file each.
    """

    def __init__(self, run_leaves: int = 1 << 20) -> None:
        self._run_leaves = run_leaves
        self._held: list[bytes] = []
        self._runs: list[IO[bytes]] = []

    def add(self, leaves: Iterable[bytes]) -> None:
        for leaf in leaves:
            self._held.append(leaf)
            if len(self._held) >= self._run_leaves:
                self._spill()

    def sorted(self) -> Iterator[bytes]:
        """All leaves in byte order, duplicates kept."""
        self._held.sort()
        return heapq.merge(self._held, *(_read_run(run) for run in self._runs))

    def root(self) -> str:
        """The content root: hexadecimal tree root of the sorted leaves."""
        return tree_root(self.sorted()).hex()

    def _spill(self) -> None:
        run = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the sorter
        self._held.sort()
        run.write(b"".join(self._held))
        self._runs.append(run)
        self._held = []


def _read_run(run: IO[bytes]) -> Iterator[bytes]:
    run.seek(0)
    while chunk := run.read(LEAF_BYTES * 4096):
        for start in range(0, len(chunk), LEAF_BYTES):
            yield chunk[start : start + LEAF_BYTES]


def sha256_file(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    """JSON in one form only (RFC 8785 for the types used here): sorted keys, no space, UTF-8.

    Floats are refused: two languages do not print them alike.
    """
    _refuse_floats(value)
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError(f"no floats in canonical JSON: {value!r}")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)
