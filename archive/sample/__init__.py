"""The bundled sample: a small invented site as a WARC file, for the demonstration and the tests.

It is a fixture and says so in its warcinfo record and on its front page: written in 2026, its
dates invented. It shows what a crawl holds: many scripts and charsets, truly and falsely
declared, repeats, redirects, errors, damage.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from archive.errors import UsageError
from archive.records import Outcome
from archive.sample.captures import records


@dataclass(frozen=True, slots=True)
class Fact:
    """What one gzip member of the sample holds and what a build should make of it."""

    name: str  # the page's file, or what the record is
    type: str  # WARC-Type
    url: str | None
    date: str  # WARC-Date, as written
    offset: int
    length: int
    outcome: Outcome  # under the default recipe


def write_sample(path: Path, *, force: bool = False) -> None:
    """Writes the sample to `path`, aside first: the same bytes on every machine.

    An existing file is a UsageError, unless `force` is true.
    """
    if path.exists() and not force:
        raise UsageError(f"{path} exists", next_step="choose another name, or give --force")
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with aside.open("wb") as file:
            file.writelines(made.member for made in records())
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def sample_facts() -> tuple[Fact, ...]:
    """Every record of the sample in file order, with its place and its expected outcome."""
    facts, offset = [], 0
    for made in records():
        length = len(made.member)
        facts.append(Fact(made.name, made.type, made.url, made.date, offset, length, made.outcome))
        offset += length
    return tuple(facts)
