"""What a user names as a corpus, and the reader for it.

A file by its suffix (.jsonl .ndjson .json, .parquet, .txt .md .rst, .warc .arc .wet, each but
Parquet also with .gz or .zst); a folder: a Hugging Face dataset as `save_to_disk` wrote it, a
replay run, or all files in it that can be read; `name@version` in the store; hf:NAME[:SPLIT].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from archive.audit import readers
from archive.audit.hub import dataset_on_disk, hub_dataset
from archive.audit.items import Corpus, Row, Told, Wanted
from archive.audit.options import GRADES
from archive.audit.stored import Held, held, snapshot_rows
from archive.errors import UsageError
from archive.sources.inputs import expand

JSONL: Final = (".jsonl", ".ndjson", ".json")
TEXT: Final = (".txt", ".md", ".rst", ".text")
WEB: Final = (".warc", ".arc", ".wet", ".wat")
PARQUET: Final = (".parquet", ".pq")
PACKED: Final = (".gz", ".zst", ".bz2")
SUFFIXES: Final = (*JSONL, *TEXT, *WEB, *PARQUET)

HUB: Final = "hf:"


@dataclass(frozen=True)
class Place:
    """Where names are looked for, and how tables are read: the store, a cut, columns."""

    store: str
    wanted: Wanted
    cut: str = "everything"
    least: str = GRADES[-1]
    """Of a snapshot the captures of this grade or a better one."""


def resolve(names: Sequence[str], place: Place, stack: ExitStack) -> list[Corpus]:
    """The corpora that the names mean, sorted, each once. `stack` closes what they hold open.

    Raises UsageError for a name that means nothing, with what was tried.
    """
    found: dict[str, Corpus] = {}
    for name in names:
        for corpus in _resolve(name, place, stack):
            found.setdefault(corpus.name, corpus)
    return [found[name] for name in sorted(found)]


def _resolve(name: str, place: Place, stack: ExitStack) -> Iterator[Corpus]:
    path = Path(name).expanduser()
    if name.startswith(HUB):
        yield hub_dataset(name.removeprefix(HUB), place.wanted)
    elif path.is_dir() and is_dataset(path):
        yield from dataset_on_disk(path, place.wanted)
    elif path.is_dir() and is_replay(path):
        from archive.audit.replays import generations

        yield from generations(path)
    elif path.exists() or any(mark in name for mark in "*?[") or "://" in name:
        yield from _files(name, path, place.wanted)
    elif snapshot := stored(name, place, stack):
        yield Corpus(snapshot.reference, "snapshot", snapshot.bytes, partial(_of, snapshot))
    else:
        raise UsageError(
            f"no corpus {name!r}: no file or folder, and no snapshot in {place.store}",
            next_step="name files, a folder, SNAPSHOT@VERSION, or hf:DATASET of the Hugging Face"
            " hub; see --store",
        )


def _of(snapshot: Held, told: Told) -> Iterator[Row]:
    return snapshot_rows(snapshot, told)


def stored(name: str, place: Place, stack: ExitStack) -> Held | None:
    """The snapshot of this name, if the store has one."""
    from archive.store.remote import open_store

    try:
        store = open_store(place.store)
        reference = store.resolve(name)
    except UsageError:  # no store, or no snapshot of that name
        return None
    return held(store, store.manifest(*reference), place.cut, place.least, stack)


def is_dataset(path: Path) -> bool:
    """Whether a folder is what `datasets` writes with save_to_disk."""
    return (path / "dataset_dict.json").is_file() or (path / "state.json").is_file()


def is_replay(path: Path) -> bool:
    """Whether a folder is that of a replay run."""
    return (path / "run.json").is_file() and (path / "stages").is_dir()


def _files(name: str, path: Path, wanted: Wanted) -> Iterator[Corpus]:
    given = [each for each in expand([name]) if "://" not in each.location]
    if not given:
        raise UsageError(
            f"{name} is not on this machine", next_step="copy it here, and name the copy"
        )
    known = [each.location for each in given if kind_of(Path(each.location))]
    if not known or (path.is_file() and not kind_of(path)):
        raise UsageError(
            f"no reader for {name}",
            next_step=f"files end in {', '.join(SUFFIXES)}, or one of these and"
            f" {', '.join(PACKED)}",
        )
    for location in known:
        yield file_corpus(Path(location), wanted)


def file_corpus(path: Path, wanted: Wanted) -> Corpus:
    """One file as a corpus."""
    kind = kind_of(path)
    size = path.stat().st_size
    if kind == "jsonl":
        return Corpus(str(path), kind, size, partial(readers.jsonl, path, wanted))
    if kind == "parquet":
        return Corpus(str(path), kind, size, partial(readers.parquet, path, wanted))
    if kind == "text":
        return Corpus(str(path), kind, size, partial(readers.text_file, path))
    return Corpus(str(path), kind, size, partial(readers.web, path))


def kind_of(path: Path) -> str:
    """jsonl, parquet, text or web by a file's suffix; empty for any other."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] in PACKED
    last = (suffixes[:-1] if packed else suffixes)[-1:] or [""]
    if last[0] in JSONL:
        return "jsonl"
    if last[0] in TEXT:
        return "text"
    if last[0] in WEB:
        return "web"
    return "parquet" if last[0] in PARQUET and not packed else ""
