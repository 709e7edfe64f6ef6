"""A cut written in a format that training stacks read: one small class a format, by name.

An exporter writes shards; the frame around it (archive.exporters.export) decides which documents
are in which shard, writes aside, resumes, and states every file's SHA-256 in `export.json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from archive.manifest import Manifest

EXPORTERS: Final = {
    "hf": "archive.exporters.parquet:HuggingFace",
    "jsonl": "archive.exporters.jsonl:Jsonl",
    "mds": "archive.exporters.mds:Mds",
    "megatron": "archive.exporters.megatron:Megatron",
    "parquet": "archive.exporters.parquet:Parquet",
    "webdataset": "archive.exporters.webdataset:WebDataset",
}
"""Format -> the class that writes it, loaded when it is asked for."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Shard `number` of `total`."""

    number: int
    total: int

    @property
    def stem(self) -> str:
        """`00003-of-00012`: a name that sorts."""
        return f"{self.number:05d}-of-{self.total:05d}"


@dataclass(frozen=True, slots=True)
class File:
    """A file of an export, its name below the export's folder. `documents`: how many are in it."""

    name: str
    bytes: int
    sha256: str
    documents: int


@dataclass(frozen=True, slots=True)
class Told:
    """What an exporter may say in the files that describe the whole."""

    manifest: Manifest
    facts: dict[str, Any]  # of export.json, without its files
    files: tuple[File, ...]


class Exporter(Protocol):
    """Writes one format. Every byte is a function of the documents, the options and the code."""

    columns: Sequence[str] | None
    """Columns it writes unless told otherwise; None: all."""
    options: dict[str, Any]
    """What else decides its bytes, as JSON, for export.json."""

    def write(self, tables: Iterator[pa.Table], folder: Path, shard: Shard) -> dict[str, int]:
        """Writes a shard's documents; returns the names of its files and the documents in each.

        There is at least one table, be it empty.
        """
        ...

    def describe(self, told: Told, folder: Path) -> list[str]:
        """Writes the files that describe the whole, the shards being there; returns their names."""
        ...
