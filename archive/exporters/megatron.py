"""Megatron-LM's indexed datasets: token ids in `.bin`, where each document begins in `.idx`.

The index (megatron/core/datasets/indexed_dataset.py), little-endian: the magic MMIDIDX and two
zero bytes, the version 1 (u64), the type of the tokens (u8), the numbers of sequences and of
document borders (u64 each), the length of each sequence (i32), its offset in the .bin in bytes
(i64), and the borders: the first sequence of each document and the number of sequences (i64).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from archive.digest import sha256_file
from archive.errors import UsageError
from archive.exporters import Shard, Told

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC: Final = b"MMIDIDX\x00\x00"
UINT16, INT32 = 8, 4
"""Megatron's codes of the two types that token ids have."""
BATCH: Final = 256


class Megatron:
    """`documents-00000_text_document.bin` and `.idx`: a document is one sequence.

    `tokenizer` is a file of the `tokenizers` library; its SHA-256 is in export.json. `eod` is the
    token that ends every document, if one does. A document without a token is not written, as
    Megatron has no empty sequence; export.json's file counts say how many are.
    """

    columns: Sequence[str] | None = ("text",)

    def __init__(self, tokenizer: str | Path | None = None, eod: str | None = None) -> None:
        from archive.feed.tokenizer import read_tokenizer

        if tokenizer is None:
            raise UsageError("Megatron files hold tokens", next_step="name a --tokenizer file")
        self._tokenizer = read_tokenizer(Path(tokenizer))
        self._eod = [] if eod is None else [self._tokenizer.token(eod)]
        self._code = UINT16 if self._tokenizer.size <= 1 << 16 else INT32
        self.options: dict[str, Any] = {
            "tokenizer_sha256": sha256_file(Path(tokenizer)),
            "tokenizers": self._tokenizer.version,
            "eod": eod,
        }

    def write(self, tables: Iterator[pa.Table], folder: Path, shard: Shard) -> dict[str, int]:
        stem = f"documents-{shard.number:05d}_text_document"
        kind, lengths = np.dtype("<u2" if self._code == UINT16 else "<i4"), list[int]()
        with (folder / f"{stem}.bin").open("wb") as file:
            for table in tables:
                texts = table.column("text").to_pylist()
                for start in range(0, len(texts), BATCH):
                    for ids in self._tokenizer.encode(texts[start : start + BATCH]):
                        if ids:
                            file.write(np.array(ids + self._eod, kind).tobytes())
                            lengths.append(len(ids) + len(self._eod))
        (folder / f"{stem}.idx").write_bytes(_index(lengths, self._code, kind.itemsize))
        return {f"{stem}.bin": len(lengths), f"{stem}.idx": 0}

    def describe(self, told: Told, folder: Path) -> list[str]:
        return []


def _index(lengths: list[int], code: int, item: int) -> bytes:
    count, sizes = len(lengths), np.array(lengths, "<i4")
    offsets = np.concatenate(([0], np.cumsum(sizes.astype("<i8") * item)))[:count]
    return b"".join(
        [
            MAGIC,
            struct.pack("<QBQQ", 1, code, count, count + 1),
            sizes.tobytes(),
            offsets.astype("<i8").tobytes(),
            np.arange(count + 1, dtype="<i8").tobytes(),
        ]
    )
