"""Inputs by the name of a crawl: `cc:CC-MAIN-2013-20` means its WARC files, `wet:...` its WET."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from archive.commoncrawl import crawls, extract
from archive.commoncrawl.crawl import Crawl
from archive.commoncrawl.extract import Extract
from archive.commoncrawl.paths import path_list, sample
from archive.commoncrawl.places import Base, base_of
from archive.commoncrawl.selected import Selected, by_file
from archive.errors import Corrupt, UsageError
from archive.sources.inputs import Input

KINDS: Final = {"cc": ("warc", "arc"), "wet": ("wet",)}
"""What stands before the colon -> the formats it may mean; a crawl has one of them."""
MAX_PREDICATE: Final = 8192


@dataclass(frozen=True, slots=True)
class Choice:
    """Which part of the named crawls is wanted; the defaults want all of it."""

    where: str | None = None  # a predicate over commoncrawl.columns.COLUMNS
    index: str | None = None  # a CDXJ file or URL to select from; None: the columnar index
    files: int | None = None  # so many files of each crawl, drawn by the seed
    seed: int = 0
    base: str | None = None  # see places.base_of

    def __post_init__(self) -> None:
        if self.files is not None and self.files < 1:
            raise UsageError(f"files is {self.files}", next_step="give it at least 1")

    @property
    def selects(self) -> bool:
        """Whether records are wanted, not files."""
        return self.where is not None or self.index is not None

    @property
    def narrows(self) -> bool:
        """Whether less than all is wanted."""
        return self.selects or self.files is not None


def is_named(pattern: str) -> bool:
    """Whether an input is a crawl's name, and no file."""
    return pattern.partition(":")[0] in KINDS and ":" in pattern


@dataclass(frozen=True, slots=True)
class Wanted:
    """An extract, and where its records are read."""

    extract: Extract
    base: Base

    def order(self, folder: Path) -> Input:
        """It as an input, whose file is made when its bytes are wanted."""
        return extract.order(self.extract, self.base, folder)


def resolve(
    patterns: Sequence[str],
    choice: Choice,
    told: Callable[[str, int, int], None] = lambda phase, done, total: None,
) -> tuple[list[str], list[Wanted]]:
    """The patterns with the names of crawls replaced by their files, and the extracts wanted.

    UsageError for options of crawls without a crawl, for a name that is not known, and for a
    selection that selects nothing.
    """
    plain: list[str] = []
    extracts: list[Wanted] = []
    for pattern in dict.fromkeys(patterns):
        if not is_named(pattern):
            plain.append(pattern)
            continue
        kind, crawl = parse(pattern)
        base = base_of(choice.base)
        told(f"reading what {crawl.id} consists of", 0, 0)
        if choice.selects:
            extracts += [Wanted(each, base) for each in selection(kind, crawl, choice, base)]
        else:
            plain += [base.locate(path) for path in files(kind, crawl, choice, base)]
    if choice.narrows and not any(is_named(each) for each in patterns):
        raise UsageError(
            "--where, --index and --files choose from a crawl, and none is named",
            next_step="name one, such as cc:CC-MAIN-2019-35, or leave them out",
        )
    return plain, extracts


def parse(pattern: str) -> tuple[str, Crawl]:
    """The format and the crawl that an input names."""
    prefix, _, name = pattern.partition(":")
    if prefix not in KINDS:
        raise UsageError(
            f"no crawl's name: {pattern!r}",
            next_step="write cc:CC-MAIN-2013-20 for WARC, wet:CC-MAIN-2013-20 for WET",
        )
    crawl = crawls.find(name)
    kinds = KINDS[prefix]
    return next((kind for kind in kinds if kind in crawl.formats), kinds[0]), crawl


def files(kind: str, crawl: Crawl, choice: Choice, base: Base) -> list[str]:
    """The paths of the files that are wanted of a crawl, in its list's order."""
    paths = path_list(base, crawl, kind)
    return paths if choice.files is None else sample(paths, choice.files, choice.seed)


def selection(kind: str, crawl: Crawl, choice: Choice, base: Base) -> list[Extract]:
    """The extracts of the records that are wanted of a crawl, by their file's path."""
    if kind == "wet":
        raise UsageError(
            "an index says where records are in WARC files, not in WET",
            next_step=f"write cc:{crawl.id}, or leave --where and --index out",
        )
    _require_text(choice.where or "")
    found = by_file(_below(crawl, _rows(crawl, choice, base)))
    if not found:
        raise UsageError(
            f"nothing in the index of {crawl.id} meets the selection",
            next_step="widen --where; 'lowbg plan' says how many records one means",
        )
    paths = list(found)
    if choice.files is not None:
        paths = sample(paths, choice.files, choice.seed)
    said = {"crawl": crawl.id, "where": choice.where}
    how = tuple((key, value) for key, value in said.items() if value)
    return [Extract(path, how, tuple(found[path])) for path in paths]


def _require_text(predicate: str) -> None:
    from archive.query.connection import utf8

    if len(utf8(predicate)) > MAX_PREDICATE:
        raise UsageError(
            f"--where has more than {MAX_PREDICATE:,} bytes", next_step="write a shorter predicate"
        )


def _rows(crawl: Crawl, choice: Choice, base: Base) -> Iterator[Selected]:
    from archive.commoncrawl import cdxj, index  # duckdb

    if choice.index is not None:
        return cdxj.select(choice.index, crawl, choice.where)
    return index.select(base, crawl, choice.where or "true")


def _below(crawl: Crawl, rows: Iterator[Selected]) -> Iterator[Selected]:
    """The rows, every one of a file of the crawl."""
    home = crawl.location or ""
    for row in rows:
        if not row.path.startswith(home):
            raise Corrupt(
                row.path,
                f"files below {home}",
                "another place",
                next_step=f"give an index of {crawl.id} alone",
            )
        yield row
