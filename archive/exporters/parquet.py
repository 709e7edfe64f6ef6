"""Parquet files with page checksums; as "hf" with the cards that make a folder a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archive.digest import canonical_json
from archive.exporters import Shard, Told

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_ROWS: Final = 4096


class Parquet:
    """`data/train-00000-of-00003.parquet`, columns and types as in the snapshot."""

    columns: Sequence[str] | None = None

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}

    def write(self, tables: Iterator[pa.Table], folder: Path, shard: Shard) -> dict[str, int]:
        name = f"data/train-{shard.stem}.parquet"
        (folder / name).parent.mkdir(exist_ok=True)
        return {name: write_parquet(tables, folder / name)}

    def describe(self, told: Told, folder: Path) -> list[str]:
        return []


class HuggingFace(Parquet):
    """The same with README.md and croissant.json: `load_dataset(FOLDER)` reads it as it is."""

    def __init__(self, license: str = "NOASSERTION") -> None:  # noqa: A002 - its name in SPDX
        self.options = {"license": license}

    def describe(self, told: Told, folder: Path) -> list[str]:
        from archive.exporters.cards import croissant, readme

        (folder / "README.md").write_text(readme(told), encoding="utf-8", newline="\n")
        (folder / "croissant.json").write_bytes(canonical_json(croissant(told)) + b"\n")
        return ["README.md", "croissant.json"]


def write_parquet(tables: Iterator[pa.Table], path: Path) -> int:
    """Writes tables as row groups of GROUP_ROWS rows, plainly; returns the rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = next(tables)
    held, rows = first.slice(0, 0), 0
    with pq.ParquetWriter(
        path,
        first.schema,
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level=3,
        use_dictionary=False,
        store_schema=False,
        write_page_checksum=True,
    ) as writer:
        for table in chain([first], tables):
            held = pa.concat_tables([held, table])
            while held.num_rows >= GROUP_ROWS:
                writer.write_table(held.slice(0, GROUP_ROWS).combine_chunks(), GROUP_ROWS)
                held, rows = held.slice(GROUP_ROWS), rows + GROUP_ROWS
        if held.num_rows:
            writer.write_table(held.combine_chunks(), GROUP_ROWS)
    return rows + int(held.num_rows)
