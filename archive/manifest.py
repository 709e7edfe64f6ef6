"""The manifest: what a snapshot is made of, as canonical JSON; its SHA-256 names it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from archive.digest import canonical_json
from archive.errors import CheckFailed, Corrupt
from archive.records import NOT_RECORDS
from archive.strict_json import (
    Reader,
    count,
    dict_of,
    fields_of,
    flag,
    list_of,
    mapping,
    matching,
    or_null,
    parse,
    text,
)

FORMAT: Final = "lowbackground-manifest 1"
PACKED_FORMAT: Final = "lowbackground-manifest 2"
"""Of a manifest in which parts share files; readers of the first know no slices."""

TABLES: Final = ("documents", "ledger", "signals")
"""The tables of a part."""

UNRESOLVED: Final = "unresolved"
"""In the manifest's outcomes: revisits that point to no capture of the snapshot."""

SNAPSHOT_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9_-])?")
"""A folder name on every system: no separator, no leading dot, no trailing dot, one case."""

_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")  # on Windows
_CREATED: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)")


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A file of the store: its SHA-256 (hex), its size in bytes, its Parquet rows."""

    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class Slice(ObjectRef):
    """Rows of a file that several parts share: `rows` of them from row `first` on, from 0.

    `sha256` and `bytes` are those of the whole file.
    """

    first: int


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
    """What one input became under one recipe. `key` names (input, recipe), so it can be reused.

    Its tables are files of its own, or slices of files that it shares with other parts.
    """

    key: str
    source: str
    documents: ObjectRef
    ledger: ObjectRef
    outcomes: dict[str, int]
    signals: ObjectRef | None = None
    signals_key: str | None = None  # SHA-256 of what decided the signals

    def table(self, name: str) -> ObjectRef | None:
        """Its rows of one of TABLES."""
        ref: ObjectRef | None = getattr(self, name)
        return ref


@dataclass(frozen=True, slots=True)
class Manifest:
    """An immutable snapshot version. Only what is in the documents of its parts decides the content
    root: not signals and duplicates, not `created`, not `environment`."""

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
    duplicates: ObjectRef | None = None
    annotations: dict[str, Any] = field(default_factory=dict)  # what decided them
    environment: dict[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The canonical JSON that the store keeps."""
        return canonical_json({"format": self.format, **asdict(self)})

    @property
    def format(self) -> str:
        """Which format spells it: one without slices is readable as it always was."""
        return PACKED_FORMAT if any(is_packed(part) for part in self.parts) else FORMAT

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """The manifest that `data` spells; CheckFailed or Corrupt says what is wrong with it."""
        fields = mapping(parse(data, "manifest"), "manifest")
        if (found := fields.get("format")) not in (FORMAT, PACKED_FORMAT):
            raise CheckFailed(
                f"manifest format {found!r} is not known",
                next_step=f"this version reads {PACKED_FORMAT!r} and the one before: install the"
                " one that wrote it",
            )
        known = {"format": text, **_MANIFEST}
        manifest = cls(**fields_of(fields, "manifest", known, drop="format"))
        if found != manifest.format:
            raise Corrupt("manifest.format", manifest.format, str(found))
        return manifest

    def objects(self) -> dict[str, int | None]:
        """SHA-256 to size of every object it names; the size of an attest list is not recorded."""
        named: dict[str, int | None] = {}
        if isinstance(attest := self.recipe.get("attest"), str):
            named[attest] = None
        named.update((entry.source, entry.bytes) for entry in self.inputs if entry.kept)
        refs = [self.revisits, self.duplicates]
        refs += [ref for p in self.parts for ref in (p.documents, p.ledger, p.signals)]
        named.update((ref.sha256, ref.bytes) for ref in refs if ref)
        return named

    def files(self, table: str) -> list[ObjectRef]:
        """The files of a table of the parts, each once with all its rows, in the order of parts."""
        files: dict[str, ObjectRef] = {}
        for part in self.parts:
            if ref := part.table(table):
                before = files[ref.sha256].rows if ref.sha256 in files else 0
                files[ref.sha256] = ObjectRef(ref.sha256, ref.bytes, before + ref.rows)
        return list(files.values())

    def packs(self) -> list[tuple[Part, ...]]:
        """The parts by the files they are in, in their order: most often one part, with its own."""
        return packs_of(self.parts)


def is_packed(part: Part) -> bool:
    """Whether it shares its files with other parts."""
    return any(isinstance(part.table(table), Slice) for table in TABLES)


def packs_of(parts: Iterable[Part]) -> list[tuple[Part, ...]]:
    """Parts by the files they are in, in their order."""
    packs: dict[str, list[Part]] = {}
    for part in parts:
        packs.setdefault(part.ledger.sha256, []).append(part)  # no ledger is like another
    return [tuple(held) for held in packs.values()]


def records_of(outcomes: Mapping[str, int]) -> int:
    """How many records outcomes count: rows that only account for bytes are none."""
    return sum(count for outcome, count in outcomes.items() if outcome not in NOT_RECORDS)


def valid_name(name: str) -> bool:
    """Whether a snapshot may have this name on every file system."""
    return bool(SNAPSHOT_NAME.fullmatch(name)) and not _RESERVED.fullmatch(name)


def _name(value: Any, where: str) -> str:
    if not valid_name(text(value, where)):
        raise Corrupt(where, "a snapshot name", repr(value))
    return str(value)


def _record(kind: Callable[..., Any], readers: Mapping[str, Reader]) -> Reader:
    return lambda value, where: kind(**fields_of(value, where, readers))


def _recipe(value: Any, where: str) -> dict[str, Any]:
    recipe = mapping(value, where)
    or_null(_sha256)(recipe.get("attest"), f"{where}.attest")
    return recipe


def _table(value: Any, where: str) -> ObjectRef:
    """A file of the part's own, or rows of a shared one, which say where they begin."""
    if isinstance(value, dict) and "first" in value:
        return Slice(**fields_of(value, where, {**_REF, "first": count}))
    return ObjectRef(**fields_of(value, where, _REF))


_sha256: Final = matching(re.compile(r"[0-9a-f]{64}"), "a SHA-256 in lower-case hex")
_REF: Final[dict[str, Reader]] = {"sha256": _sha256, "bytes": count, "rows": count}
_ref: Final = _record(ObjectRef, _REF)
_INPUT: Final[dict[str, Reader]] = {
    "name": text,
    "source": _sha256,
    "bytes": count,
    "accounted": count,
    "records": count,
    "documents": count,
    "duplicate_of": or_null(text),
    "kept": flag,
}
_PART: Final[dict[str, Reader]] = {
    "key": _sha256,
    "source": _sha256,
    "documents": _table,
    "ledger": _table,
    "outcomes": dict_of(count),
    "signals": or_null(_table),
    "signals_key": or_null(_sha256),
}
_MANIFEST: Final[dict[str, Reader]] = {
    "name": _name,
    "version": count,
    "parent": or_null(_sha256),
    "created": matching(_CREATED, "a time like 2026-11-22T16:00:00Z"),
    "content_root": _sha256,
    "documents": count,
    "records": count,
    "outcomes": dict_of(count),
    "bytes_in": count,
    "recipe": _recipe,
    "inputs": list_of(_record(InputEntry, _INPUT)),
    "parts": list_of(_record(Part, _PART)),
    "revisits": _ref,
    "duplicates": or_null(_ref),
    "annotations": mapping,
    "environment": dict_of(text),
}
