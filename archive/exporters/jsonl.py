"""JSON Lines, compressed with Zstandard: one document a line. Read by everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.exporters import Shard, Told
from archive.exporters.values import line, rows

if TYPE_CHECKING:
    import pyarrow as pa


class Jsonl:
    """`documents-00000-of-00003.jsonl.zst`, each one frame with a checksum."""

    columns: Sequence[str] | None = None

    def __init__(self, level: int = 3) -> None:
        self.options: dict[str, Any] = {"level": level}

    def write(self, tables: Iterator[pa.Table], folder: Path, shard: Shard) -> dict[str, int]:
        import zstandard

        name, count = f"documents-{shard.stem}.jsonl.zst", 0
        compressor = zstandard.ZstdCompressor(level=self.options["level"], write_checksum=True)
        with (folder / name).open("wb") as file, compressor.stream_writer(file) as out:
            for row in rows(tables):
                out.write(line(row) + b"\n")
                count += 1
        return {name: count}

    def describe(self, told: Told, folder: Path) -> list[str]:
        return []
