"""Whole files: onto disk, or, where they are small, into memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archive.digest import sha256_file
from archive.errors import Corrupt, LimitReached
from archive.remote.partial import partial
from archive.remote.politeness import Politeness, polite
from archive.remote.receive import Bytes, Report, asker, facts_of, receive
from archive.remote.reply import Facts


@dataclass(frozen=True, slots=True)
class Got:
    """What a download brought."""

    size: int
    sha256: str
    mark: str | None


def size_and_mark(url: str, *, politeness: Politeness | None = None) -> Facts:
    """What the other side tells of a file: its size, and a mark that changes with its content.

    Either may be None. Unreachable if it cannot be asked; its `missing` says that no file is there.
    """
    return facts_of(url, politeness or polite())


def download(
    url: str,
    target: Path,
    *,
    politeness: Politeness | None = None,
    report: Report | None = None,
    sha256: str | None = None,
    most: int | None = None,
) -> Got:
    """Brings a whole file to `target`, which appears when all of it is there.

    The bytes gather in a file beside it, which a later call goes on from, in another process too,
    if an ETag or a date vouches for the file being the same. The length is checked where it is
    told, and `sha256` and `most`, a size, where they are known: Corrupt if they are not met.
    `report` is told of bytes as they come. Unreachable if the file cannot be had.
    """
    politeness = politeness or polite()
    ask = asker(url, politeness)
    target.parent.mkdir(parents=True, exist_ok=True)
    with partial(url, target) as part:
        if part is None:
            got = Got(target.stat().st_size, sha256_file(target), None)
            if report:
                report(got.size)
        else:
            stop = most + 1 if most is not None else None
            receive(url, ask, part, politeness, stop=stop, report=report)
            got = Got(part.length, part.sha256(), part.facts.mark if part.facts else None)
        wrong = most is not None and got.size > most
        if wrong or sha256 not in (None, got.sha256):
            if part:
                part.drop()
            found = f"more than {most} bytes" if wrong else f"sha256 {got.sha256}"
            expected = f"at most {most} bytes" if wrong else f"sha256 {sha256}"
            raise Corrupt(url, expected, found, next_step="see who changed it, or name another")
        if part:
            part.finish(target)
    return got


def read_bytes(url: str, limit: int, *, politeness: Politeness | None = None) -> bytes:
    """A whole small file. LimitReached if it has more than `limit` bytes."""
    data = read_start(url, limit + 1, politeness=politeness)
    if len(data) > limit:
        raise LimitReached(
            f"{url} has more than {limit:,} bytes", next_step="check that it is the file you mean"
        )
    return data


def read_start(url: str, most: int, *, politeness: Politeness | None = None) -> bytes:
    """The beginning of a file: `most` bytes, or all if it has fewer."""
    politeness = politeness or polite()
    sink = Bytes(0)
    receive(url, asker(url, politeness), sink, politeness, stop=most)
    return bytes(sink.data)
