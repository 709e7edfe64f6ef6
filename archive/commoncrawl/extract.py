"""Extracts: the selected records of one WARC file, read by ranges, as a WARC file of their own.

An extract is the input of a build, and says of itself what it is. In it are, each a gzip member:
the file's own warcinfo as it came, a metadata record with the selection, and for every row of the
index, in the order of their offsets, a metadata record that says where the record was and how it
agrees with the index, and the record as it came. A record that disagrees with the index is left
out, and its metadata record says why. So the ledger, which keeps what metadata records say, has a
row for all that was selected.

The bytes are a function of the rows, the selection and the records alone: members of our own are
stored, not deflated, because compressors differ between machines.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final

from isal import isal_zlib

from archive.aside import writing
from archive.commoncrawl.checked import LIMITS, Checked, check, unreadable
from archive.commoncrawl.metadata import about, member, metadata
from archive.commoncrawl.places import Base
from archive.commoncrawl.selected import Selected
from archive.digest import canonical_json, sha256_hex
from archive.errors import EnvironmentFailed
from archive.sources.arc import Arc
from archive.sources.framing import Frame, read_rows
from archive.sources.inputs import Input
from archive.sources.warc import Warc
from archive.sources.windows import HeldWindow

INFO_BYTES: Final = 4096
"""A warcinfo record is looked for in so many bytes at the start of a file; they have some 500."""
SCHEME: Final = "lowbg-extract"
FORMAT: Final = 1
"""Raised by one whenever the same selection would give other bytes."""
FIELDS: Final = ("offset", "length", "url", "fetched", "digest")
_NAME: Final = re.compile(r".*\.[a-z2-7]{16}\.warc\.gz")


@dataclass(frozen=True, slots=True)
class Extract:
    """The selected records of one file. `selection` says how they were chosen, for people."""

    path: str  # of the WARC file, below the base
    selection: tuple[tuple[str, str], ...]
    rows: tuple[Selected, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "path": self.path,
            "selection": [list(each) for each in self.selection],
            "rows": [[getattr(row, name) for name in FIELDS] for row in self.rows],
        }

    @property
    def name(self) -> str:
        """The file's name with 80 bits of the hash of what is selected."""
        digest = hashlib.sha256(canonical_json(self.to_json())).digest()
        # Base32 has no 0 and no 1, so that it never looks like a date.
        mark = base64.b32encode(digest[:10]).decode().lower()
        stem = PurePosixPath(self.path).name
        for ending in (".gz", ".warc", ".arc"):
            stem = stem.removesuffix(ending)
        return f"{stem}.{mark}.warc.gz"


def order(extract: Extract, base: Base, folder: Path) -> Input:
    """The extract as an input that is made when a build wants it; its order is put in `folder`."""
    data = canonical_json({"base": base.location, "extract": extract.to_json()})
    path = folder / f"{sha256_hex(data)[:32]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path) as out:
        out.write(data)
    return Input(extract.name, f"{SCHEME}://{path.resolve()}")


def fetch(path: str, folder: Path) -> Path:
    """Makes the extract that is ordered by the file at `path`; see archive.sources.inputs."""
    try:
        ordered = json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        raise EnvironmentFailed(
            f"the order of an extract, {path}, is gone",
            next_step="run the same command again: another build has cleaned up after itself",
        ) from None
    return write(_extract_of(ordered["extract"]), Base(ordered["base"]), folder)


def _extract_of(value: dict[str, Any]) -> Extract:
    """The extract that to_json() wrote."""
    path = value["path"]
    rows = (Selected(path, **dict(zip(FIELDS, row, strict=True))) for row in value["rows"])
    return Extract(path, tuple((k, v) for k, v in value["selection"]), tuple(rows))


def write(extract: Extract, base: Base, folder: Path) -> Path:
    """Makes the extract in `folder`, written aside and moved into place.

    One that is there stays if it was made from the same base while the file there had the size and
    the mark that it has now. What cannot be read at all is an EnvironmentFailed; what disagrees
    with the index is in it.
    """
    facts = base.facts_of(extract.path)
    told = canonical_json([base.location, facts.mark, facts.size, extract.name])
    target = folder / f"{sha256_hex(told)[:32]}.warc.gz"
    if facts.mark and target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with writing(target) as out:
        _write(extract, base, facts.size, out)
    return target


def _write(extract: Extract, base: Base, size: int | None, out: BinaryIO) -> None:
    refused = {row: reason for row in extract.rows if (reason := _why_not(row, size))}
    asked = [(row.offset, row.length) for row in extract.rows if row not in refused]
    start = INFO_BYTES if size is None else min(INFO_BYTES, size)
    pieces = iter(base.read_ranges(extract.path, [(0, start), *asked]))
    info = _own_info(next(pieces))
    out.write(info)
    first = {**dict(extract.selection), "file": extract.path, "records": len(extract.rows)}
    first["warcinfo"] = "as it came" if info else f"none in the first {INFO_BYTES} bytes"
    out.write(member(metadata(extract.path, None, extract.rows[0].fetched, first)))
    for row in extract.rows:
        data = b"" if row in refused else next(pieces)
        checked = Checked(problem=refused[row]) if row in refused else check(row, data)
        out.write(member(about(extract.path, row, checked)))
        if not checked.problem:
            out.write(data)


def _why_not(row: Selected, size: int | None) -> str | None:
    reason = unreadable(row)
    if reason is None and size is not None and row.end > size:
        return f"the index says bytes {row.offset} to {row.end}, the file has {size}"
    return reason


def _own_info(data: bytes) -> bytes:
    """The gzip member at the start of a file, if it is whole and says what the file is."""
    decoder = isal_zlib.decompressobj(wbits=31)
    try:
        inflated = decoder.decompress(data, LIMITS.header_bytes)
    except isal_zlib.IsalError:  # type: ignore[misc]  # the stub has it wrong
        return b""
    if not decoder.eof:
        return b""
    rows = list(read_rows(Frame(HeldWindow(inflated), LIMITS, (Warc(), Arc()))))
    if [row.type for row in rows] not in (["warcinfo"], ["filedesc"]):
        return b""
    return data[: len(data) - len(decoder.unused_data)]


def is_extract(name: str) -> bool:
    """Whether an input may be an extract, by its name."""
    return _NAME.fullmatch(name) is not None
