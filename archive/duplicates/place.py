"""Where the files of one run of `find` lie, and the tasks that take a range of keys each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.duplicates.files import partitions


@dataclass(frozen=True, slots=True)
class Place:
    """`key` names all that decides the result; `partition_rows` only how it is cut into tasks."""

    scratch: Path
    cache: Path
    key: str
    partition_rows: int

    @property
    def corpus(self) -> Path:
        return self.scratch / "corpus"

    @property
    def texts(self) -> Path:
        return self.scratch / "texts" / "texts.npy"

    def key_ranges(self, stage: str, rows: int) -> list[dict[str, Any]]:
        """One task for each range of 64-bit keys that holds some `partition_rows` of the rows."""
        ranges = partitions(max(1, -(-rows // self.partition_rows)))
        return [
            {
                "name": f"{stage} {index}",
                "run": self.key,
                "corpus": str(self.corpus),
                "texts": str(self.texts),
                "low": low,
                "high": high,
                "out": str(self.scratch / f"{stage}-ranges" / f"{index:05d}"),
            }
            for index, (low, high) in enumerate(ranges)
        ]
