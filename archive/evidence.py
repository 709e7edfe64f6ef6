"""The evidence that a text existed before an era: claims of date, digest lists, and their grade.

A capture date is an upper bound for the age of a text; every other date is a claim.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from archive.dates import DAY, file_name_date, parse_capture_date, parse_http_date
from archive.errors import UsageError

__all__ = [
    "Claim",
    "Grade",
    "file_name_date",
    "grade",
    "parse_capture_date",
    "parse_http_date",
    "read_attestations",
]

FILE_LEAD: Final = 10 * DAY  # a file may be named this long before its captures


@dataclass(frozen=True, slots=True)
class Claim:
    """A date that something other than the capture states."""

    kind: str  # HTTP Date, Last-Modified, warcinfo, file name
    at: int  # microseconds since 1970, UTC


@dataclass(frozen=True, slots=True)
class Grade:
    """How well "captured before the era" is supported, and by what."""

    grade: str  # attested, consistent, claimed or contradicted
    reasons: tuple[str, ...]


def grade(
    captured_at: int,
    before: int,
    *,
    http_date: int | None,
    http_last_modified: int | None,
    warcinfo_date: int | None,
    file_date: int | None,
    digests: str,
    attested_by: str | None,
) -> Grade:
    """The grade of "captured before `before`", and every piece of evidence in a fixed order.

    - contradicted: the capture date is late, or the server's clock is: HTTP Date or Last-Modified
      on or after the cut-off and more than a day after the capture (nothing is sent before it is
      changed). Neither needs to be right; but two clocks then disagree about the era itself.
    - attested: a publisher's digest list names the bytes and no recorded digest differs. The list
      outweighs a server's clock, not a capture date that is late itself.
    - consistent: a recorded digest was verified and none differs, at least one other date is there,
      and none of them raises a doubt.
    - claimed: the capture date alone.

    The dates of a warcinfo record and of a file's name date the file, not the captures in it.
    Archives are packed again years later, so such a date on or after the cut-off is a doubt and no
    contradiction. Before the capture they are normal, since a file is named when it is begun: up to
    nine days in Common Crawl (S. Nagel, 2016), beyond `FILE_LEAD` a doubt.
    """
    server = _present(("HTTP Date", http_date), ("Last-Modified", http_last_modified))
    container = _present(("warcinfo date", warcinfo_date), ("file name's date", file_date))
    late = [f"{c.kind} says after the cut-off" for c in server if _late(c, captured_at, before)]
    if captured_at >= before:
        late.insert(0, "capture date is not before the cut-off")
    doubts = [*_server_doubts(server, captured_at, before)]
    doubts += _container_doubts(container, captured_at, before)
    if not server and not container:
        doubts.append("no other date")
    mismatch = "mismatch" in digests
    verified = not mismatch and re.search(r"\bok\b", digests) is not None
    agreeing = [] if doubts or late else [f"{c.kind} agrees" for c in (*server, *container)]
    reasons = (_digest_reason(verified, mismatch), *agreeing, *late, *doubts)
    if attested_by and not mismatch and captured_at < before:
        return Grade("attested", (f"digest listed as {attested_by}", *reasons))
    if late:
        return Grade("contradicted", reasons)
    return Grade("consistent" if verified and not doubts else "claimed", reasons)


def _present(*claims: tuple[str, int | None]) -> tuple[Claim, ...]:
    return tuple(Claim(kind, at) for kind, at in claims if at is not None)


def _late(claim: Claim, captured_at: int, before: int) -> bool:
    return claim.at >= before and claim.at > captured_at + DAY


def _server_doubts(claims: tuple[Claim, ...], captured_at: int, before: int) -> Iterator[str]:
    for claim in claims:
        if _late(claim, captured_at, before):
            continue  # worse than a doubt
        if claim.at > captured_at + DAY:
            yield f"{claim.kind} is more than a day after the capture date"
        elif claim.at >= before:
            yield f"{claim.kind} is on or after the cut-off"
        elif claim.kind == "HTTP Date" and claim.at < captured_at - DAY:
            yield "HTTP Date is more than a day before the capture date"


def _container_doubts(claims: tuple[Claim, ...], captured_at: int, before: int) -> Iterator[str]:
    for claim in claims:
        if claim.at >= before:
            yield f"{claim.kind} is on or after the cut-off"
        elif claim.at < captured_at - FILE_LEAD:
            yield f"{claim.kind} is long before the capture date"


def _digest_reason(verified: bool, mismatch: bool) -> str:
    if mismatch:
        return "a recorded digest does not match the bytes"
    return "recorded digest verified" if verified else "no recorded digest verified"


_HEX_LENGTHS: Final = {
    32: "md5",
    40: "sha1",
    56: "sha224",
    64: "sha256",
    96: "sha384",
    128: "sha512",
}
_SUM_LINE: Final = re.compile(r"\\?([0-9a-fA-F]{32,128})[ \t]+\*?(\S.*)")
_BSD_LINE: Final = re.compile(r"([A-Za-z0-9-]+) ?\((.+)\) ?= ?([0-9a-fA-F]{32,128})")
_LABELLED: Final = re.compile(r"([A-Za-z0-9-]+):([A-Za-z0-9+/=]+)\s+\*?(\S.*)")


def read_attestations(path: Path) -> dict[str, str]:
    """A publisher's digest list as `algorithm:hex` to name; the first of equal digests counts.

    Lines as sha256sum, sha1sum and md5sum write them (text or binary `*name`), BSD's
    `SHA256 (name) = hex`, and `sha1:BASE32 name`. Blank lines and lines that begin with # are
    skipped; anything else is a UsageError with its line number.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read the digest list {path}: {error}",
            next_step="give a text file of lines with a digest and a name",
        ) from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        entry = _attestation(line)
        if entry is None:
            raise UsageError(
                f"{path}, line {number}: not a digest and a name: {line[:80]!r}",
                next_step="write lines as sha256sum does, or 'sha1:BASE32 name'",
            )
        found.setdefault(*entry)
    return found


def algorithms(attested: Mapping[str, str]) -> list[str]:
    """The hash algorithms of a digest list that can be computed here, sorted."""
    return sorted({each.partition(":")[0] for each in attested} & hashlib.algorithms_available)


def attested_by(digests: Mapping[str, str], attested: Mapping[str, str]) -> str | None:
    """The name that a digest list gives bytes with these digests (algorithm to hex), if any."""
    labelled = (f"{name}:{digests[name]}" for name in sorted(digests))
    return next((attested[each] for each in labelled if each in attested), None)


def _attestation(line: str) -> tuple[str, str] | None:
    from archive.sources.digests import normalise

    if match := _SUM_LINE.fullmatch(line):
        algorithm = _HEX_LENGTHS.get(len(match[1]))
        return (f"{algorithm}:{match[1].lower()}", match[2]) if algorithm else None
    if match := _BSD_LINE.fullmatch(line):
        digest = normalise(f"{match[1]}:{match[3]}")
        return (digest, match[2]) if digest else None
    if match := _LABELLED.fullmatch(line):
        digest = normalise(f"{match[1]}:{match[2]}")
        return (digest, match[3]) if digest else None
    return None
