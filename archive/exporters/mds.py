"""MDS, the format of mosaicml-streaming (its `format/mds/writer.py`, version 0.13.0).

A shard file, all numbers little-endian and unsigned of 32 bits: the number of samples; for each
sample and for the end its offset in the file; the configuration as JSON; the samples. A sample is
the sizes of its columns of varying size, then the columns in the order of their names.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archive.errors import UsageError
from archive.exporters import File, Shard, Told
from archive.exporters.values import line, rows
from archive.schema import DOCUMENTS

if TYPE_CHECKING:
    import pyarrow as pa

SIZE_LIMIT: Final = 1 << 26
"""A file is closed before it would be larger: the default of mosaicml-streaming."""

_ENCODINGS: Final = {"string": "str", "timestamp": "str", "int64": "int64", "int32": "int32"}
_SIZES: Final = {"str": None, "json": None, "int64": 8, "int32": 4}


class Mds:
    """`shard.00000-00000.mds` (shard, file in it) and `index.json` with every file's SHA-256.

    A column that can be null, or is a list, is encoded as JSON: MDS has no null.
    """

    columns: Sequence[str] | None = None

    def __init__(self) -> None:
        self.options: dict[str, Any] = {"size_limit": SIZE_LIMIT}

    def write(self, tables: Iterator[pa.Table], folder: Path, shard: Shard) -> dict[str, int]:
        written: dict[str, int] = {}
        for config, samples in _files(tables):
            name = f"shard.{shard.number:05d}-{len(written):05d}.mds"
            _write_file(folder / name, config, samples)
            written[name] = len(samples)
        return written

    def describe(self, told: Told, folder: Path) -> list[str]:
        shards = [_entry(folder, each, told.facts["columns"]) for each in told.files]
        index = json.dumps({"shards": shards, "version": 2}, sort_keys=True)
        (folder / "index.json").write_text(index, encoding="utf-8")
        return ["index.json"]


def _encodings(columns: Sequence[str]) -> dict[str, str]:
    """Column to MDS encoding, by name."""
    types = {column.name: column for column in DOCUMENTS}
    return {
        name: "json" if types[name].nullable else _ENCODINGS.get(types[name].type, "json")
        for name in sorted(columns)
    }


def _config(columns: Sequence[str]) -> dict[str, Any]:
    encodings = _encodings(columns)
    return {
        "version": 2,
        "format": "mds",
        "compression": None,
        "hashes": ["sha256"],
        "size_limit": SIZE_LIMIT,
        "column_names": list(encodings),
        "column_encodings": list(encodings.values()),
        "column_sizes": [_SIZES[each] for each in encodings.values()],
    }


def _files(tables: Iterator[pa.Table]) -> Iterator[tuple[bytes, list[bytes]]]:
    """(configuration, samples) of each file of a shard."""
    config, samples, size = b"", list[bytes](), 0
    for row in rows(tables):
        encodings = _encodings(list(row))
        config = config or json.dumps(_config(list(row)), sort_keys=True).encode()
        sample = _sample(row, encodings)
        if len(sample) >= 1 << 31:
            raise UsageError(
                f"document {row.get('id', '')} has {len(sample):,} bytes, too many for MDS",
                next_step="export another format, or leave it out by --where",
            )
        if samples and 8 + len(config) + size + len(sample) + 4 > SIZE_LIMIT:
            yield config, samples
            samples, size = [], 0
        samples.append(sample)
        size += len(sample) + 4
    if samples:
        yield config, samples


def _sample(row: dict[str, Any], encodings: dict[str, str]) -> bytes:
    sizes, data = [], []
    for name, encoding in encodings.items():
        value = row[name]
        if encoding == "int64":
            data.append(struct.pack("<q", value))
        elif encoding == "int32":
            data.append(struct.pack("<i", value))
        else:
            data.append(value.encode() if encoding == "str" else line(value))
            sizes.append(len(data[-1]))
    return struct.pack(f"<{len(sizes)}I", *sizes) + b"".join(data)


def _write_file(path: Path, config: bytes, samples: list[bytes]) -> None:
    head = 4 + 4 * (len(samples) + 1) + len(config)
    offsets = accumulate(map(len, samples), initial=head)
    with path.open("wb") as file:
        file.write(struct.pack("<I", len(samples)))
        file.write(struct.pack(f"<{len(samples) + 1}I", *offsets))
        file.write(config)
        file.writelines(samples)


def _entry(folder: Path, each: File, columns: Sequence[str]) -> dict[str, Any]:
    hashes = {"sha256": hashlib.sha256((folder / each.name).read_bytes()).hexdigest()}
    raw = {"basename": each.name, "bytes": each.bytes, "hashes": hashes}
    return _config(columns) | {"raw_data": raw, "zip_data": None, "samples": each.documents}
