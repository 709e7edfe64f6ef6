"""Counts of a corpus and of its slices: what was read, what is proven, what is left to estimate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from archive.audit.match import Proof
from archive.errors import UsageError

WHOLE: Final = ("", "")
"""The slice that is the whole corpus; any other is (column, value)."""

MOST_VALUES: Final = 100_000
"""Values of one column; its slices are counters in memory."""

Slice = tuple[str, str]


@dataclass(slots=True)
class Tally:
    """Of one slice. Bytes are those of the texts in UTF-8."""

    documents: int = 0
    bytes: int = 0
    sentences: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    """Documents by the kind of their match."""
    proven_bytes: int = 0
    """Bytes times the share that lies in the archive, rounded down, of all documents."""
    witnesses: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Proven documents by the witness's grade and year; year 0 where it has none."""
    rest: Counter[str] = field(default_factory=Counter)
    """Documents that are not proven, by language."""
    rest_sentences: Counter[str] = field(default_factory=Counter)

    def add(
        self, size: int, sentences: int, proof: Proof, language: str, witness: tuple[str, int]
    ) -> None:
        self.documents += 1
        self.bytes += size
        self.sentences += sentences
        self.proven_bytes += int(size * proof.share)
        if proof.kind:
            self.kinds[proof.kind] += 1
        if proof.proven:
            self.witnesses[witness] += 1
        else:
            self.rest[language] += 1
            self.rest_sentences[language] += sentences

    @property
    def proven(self) -> int:
        """Documents that are proven human."""
        return self.documents - sum(self.rest.values())

    def share(self) -> dict[str, Any]:
        """The first of the three numbers."""
        return {
            "documents": self.proven / self.documents if self.documents else 0.0,
            "bytes": self.proven_bytes / self.bytes if self.bytes else 0.0,
            "documents_by_match": dict(sorted(self.kinds.items())),
            "witnesses": [
                {"grade": grade, "year": year or None, "documents": count}
                for (grade, year), count in sorted(self.witnesses.items())
            ],
        }


class Tallies:
    """The tallies of all slices of a corpus."""

    def __init__(self, by: Sequence[str]) -> None:
        self.by = tuple(by)
        self.of: dict[Slice, Tally] = {WHOLE: Tally()}
        self._values: Counter[str] = Counter()

    def slices(self, values: Sequence[str]) -> list[Slice]:
        """The slices that a row with these values of the columns is in, the whole first."""
        return [WHOLE, *zip(self.by, values, strict=True)]

    def at(self, one: Slice) -> Tally:
        if one not in self.of:
            self._values[one[0]] += 1
            if self._values[one[0]] > MOST_VALUES:
                raise UsageError(
                    f"the column {one[0]!r} has more than {MOST_VALUES:,} values",
                    next_step="slice by a column with fewer, or by none",
                )
            self.of[one] = Tally()
        return self.of[one]

    def largest(self, most: int) -> list[Slice]:
        """The whole and the slices with most sentences that are left to estimate."""
        others = sorted(
            (one for one in self.of if one != WHOLE),
            key=lambda one: (-sum(self.of[one].rest_sentences.values()), one),
        )
        return [WHOLE, *others[:most]]
