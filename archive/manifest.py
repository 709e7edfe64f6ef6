"""The manifest: what a snapshot is made of, as canonical JSON; its SHA-256 names it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

FORMAT: Final = "lowbackground-manifest 1"


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A file of the store: its SHA-256 (hex), its size in bytes, its Parquet rows."""

    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class InputEntry:
    """One input file, as in the table `inputs`; `kept`: its bytes are an object of the store."""

    name: str
    source: str
    bytes: int
    accounted: int
    records: int
    documents: int
    duplicate_of: str | None = None
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What one input became under one recipe. `key` names (input, recipe), so it can be reused."""

    key: str
    source: str
    documents: ObjectRef
    ledger: ObjectRef
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Manifest:
    """An immutable snapshot version. `created` and `environment` never enter the content root."""

    name: str
    version: int
    parent: str | None  # SHA-256 of the manifest before, None for the first
    created: str  # ISO 8601, UTC
    content_root: str
    documents: int
    records: int
    outcomes: dict[str, int]
    bytes_in: int
    recipe: dict[str, Any]
    inputs: tuple[InputEntry, ...]
    parts: tuple[Part, ...]
    revisits: ObjectRef
    environment: dict[str, str] = field(default_factory=dict)
