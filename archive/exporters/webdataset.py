"""WebDataset: tar files in which `<id>.txt` is a document's text and `<id>.json` the rest."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.errors import UsageError
from archive.exporters import Shard, Told
from archive.exporters.values import line, rows

if TYPE_CHECKING:
    import pyarrow as pa


class WebDataset:
    """`documents-00000.tar`, numbered for brace notation; owner, time and mode are fixed."""

    columns: Sequence[str] | None = None

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}

    def write(self, tables: Iterator[pa.Table], folder: Path, shard: Shard) -> dict[str, int]:
        name, count = f"documents-{shard.number:05d}.tar", 0
        with tarfile.open(folder / name, "w", format=tarfile.USTAR_FORMAT) as tar:
            for row in rows(tables):
                if not {"id", "text"} <= row.keys():
                    raise UsageError(
                        "a WebDataset needs the columns id and text",
                        next_step="add them to --columns",
                    )
                key = row["id"]
                _add(tar, f"{key}.txt", row.pop("text").encode())
                _add(tar, f"{key}.json", line(row))
                count += 1
        return {name: count}

    def describe(self, told: Told, folder: Path) -> list[str]:
        return []


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(data), 0o444, 0
    tar.addfile(entry, io.BytesIO(data))
