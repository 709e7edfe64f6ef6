"""Readers of files: JSON Lines and plain text, compressed or as they are; Parquet; WARC."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from archive.audit.items import MOST_BYTES, Item, Left, Row, Told, Wanted, require_column, row
from archive.errors import EnvironmentFailed, UsageError
from archive.records import Outcome
from archive.sources.bzip2 import Bzip2
from archive.sources.gzip import Gzip
from archive.sources.members import Broken, Codec
from archive.sources.windows import FileWindow
from archive.sources.zstd import Zstd

CHUNK: Final = 1 << 20
BATCH_ROWS: Final = 256

NO_CAPTURES: Final = (Outcome.SUPPORTING, Outcome.CONTAINER, Outcome.PADDING)
"""Outcomes of what is no capture: all others are kept, or counted as left out."""


def jsonl(path: Path, wanted: Wanted, told: Told) -> Iterator[Row]:
    """The rows of a JSON Lines file; blank lines are none."""
    for number, line in _lines(path, told):
        place = f"{path}:{number}"
        if isinstance(line, Left):
            yield line
        elif line.strip():
            yield _parsed(line, wanted, place)


def _parsed(line: bytes, wanted: Wanted, place: str) -> Row:
    try:
        value = json.loads(line.decode("utf-8-sig" if place.endswith(":1") else "utf-8"))
    except UnicodeDecodeError as error:
        return Left("not UTF-8", place, str(error))
    except RecursionError:
        return Left("not JSON", place, "nested too deeply")
    except ValueError as error:
        return Left("not JSON", place, str(error))
    if not isinstance(value, dict):
        return Left("not a JSON object", place, f"a line holds {type(value).__name__}")
    return row(value, wanted, place)


def _lines(path: Path, told: Told) -> Iterator[tuple[int, bytes | Left]]:
    """(number, line) of a file; one that is too long is skipped without being held."""
    number, held, skipping = 1, bytearray(), False
    for piece in _pieces(path, told):
        if isinstance(piece, Left):
            yield number, Left(piece.reason, f"{path}:{number}", piece.detail)
            return
        *whole, rest = piece.split(b"\n")
        for line in whole:
            held += line
            if skipping or len(held) > MOST_BYTES:
                yield number, _too_long(path, number)
            else:
                yield number, bytes(held)
            number, held, skipping = number + 1, bytearray(), False
        held += rest
        if len(held) > MOST_BYTES:
            held, skipping = bytearray(), True
    if skipping:
        yield number, _too_long(path, number)
    elif held:
        yield number, bytes(held)


def _too_long(path: Path, number: int) -> Left:
    return Left("line too long", f"{path}:{number}", f"over {MOST_BYTES >> 20} MiB")


def text_file(path: Path, told: Told) -> Iterator[Row]:
    """A file that is one document. Its name is a column, as is the folder it lies in."""
    data = bytearray()
    for piece in _pieces(path, told):
        if isinstance(piece, Left):
            yield Left(piece.reason, str(path), piece.detail)
            return
        data += piece
        if len(data) > MOST_BYTES:
            yield Left("text too long", str(path), f"over {MOST_BYTES >> 20} MiB")
            return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield Left("not UTF-8", str(path), str(error))
        return
    yield Item(text, {"file": path.name, "folder": path.parent.name}, str(path))


def _pieces(path: Path, told: Told) -> Iterator[bytes | Left]:
    """The bytes of a file, inflated; a last Left where they end before their time."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise EnvironmentFailed(f"cannot read {path}: {error.strerror}") from error
    with raw:
        at = 0
        try:
            for piece in _inflated(raw):
                yield piece
                told(raw.tell() - at)
                at = raw.tell()
        except Broken as error:
            yield Left("damaged from here on", str(path), f"{error.reason}, near byte {error.near}")


def _inflated(raw: BinaryIO) -> Iterator[bytes]:
    """The bytes in small pieces, as the readers of web archives inflate them (archive.sources)."""
    magic = raw.read(10)  # as long as the longest of the three
    raw.seek(0)
    codecs: tuple[Codec, ...] = (Gzip(), Zstd(), Bzip2())
    codec = next((each for each in codecs if each.magic.match(magic)), None)
    if codec is None:
        while piece := raw.read(CHUNK):
            yield piece
        return
    window, at = FileWindow(raw), 0
    while at < window.end:
        if skipped := codec.skip(window, at):
            at += skipped[0]
            continue
        member = codec.open(window, at)
        yield from member
        at = member.end


def parquet(path: Path, wanted: Wanted, told: Told) -> Iterator[Row]:
    """The rows of a Parquet file; of other columns only those that are wanted are read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(
            f"{path} is not Parquet: {error}", next_step="give it the suffix of what it is"
        ) from error
    there = file.schema_arrow.names
    require_column(wanted.text, there, str(path))
    picked = [name for name in there if name in wanted.roots()]
    number = 0
    try:
        for group in range(file.num_row_groups):
            for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], columns=picked):
                yield from _rows(batch, wanted, str(path), number)
                number += len(batch)
            told(path.stat().st_size // file.num_row_groups)
    except (OSError, pa.ArrowException) as error:
        yield Left("damaged from here on", f"{path}:{number}", str(error))


def _rows(batch: Any, wanted: Wanted, name: str, first: int) -> Iterator[Row]:
    """Rows of Arrow data; a batch with a cell that is no text is read cell by cell."""
    columns = {}
    for field in batch.schema.names:
        try:
            columns[field] = batch[field].to_pylist()
        except UnicodeDecodeError:
            columns[field] = [_cell(cell) for cell in batch[field]]
    for at in range(len(batch)):
        yield row({f: values[at] for f, values in columns.items()}, wanted, f"{name}:{first + at}")


def _cell(cell: Any) -> Any:
    try:
        return cell.as_py()
    except UnicodeDecodeError:
        return b"not UTF-8"


def web(path: Path, told: Told) -> Iterator[Row]:
    """The captures of a web archive whose main text this project's extraction finds.

    No date is refused, since a corpus may be of any age; every capture that gives no text is
    counted by its outcome. Columns: url, host, year, captured_at, media_type, title.
    """
    from archive.judge import Judge
    from archive.judge import Told as About
    from archive.recipe import Recipe
    from archive.sources import read_records

    recipe = Recipe(before=dt.date.max, era=None)
    judge = Judge(recipe, About(source=""), {})
    for record in read_records(path, recipe.limits):
        ledger, document = judge.judge(record)
        place = f"{path}:{record.place.offset}"
        if record.place.member is None:
            told(record.place.length)
        if document:
            seconds = document["captured_at"] // 1_000_000
            when = dt.datetime.fromtimestamp(seconds, tz=dt.UTC).isoformat()
            kept = ("url", "host", "year", "media_type", "title")
            yield Item(
                document["text"], {k: document[k] for k in kept} | {"captured_at": when}, place
            )
        elif ledger["outcome"] not in NO_CAPTURES:
            yield Left(ledger["outcome"], place, ledger["reason"])
