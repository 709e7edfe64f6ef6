"""What decides the clusters, and what a caller hands over for each part."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from archive.digest import canonical_json, sha256_file, sha256_hex
from archive.errors import UsageError
from archive.signals.minhash import PARAMETERS, PERMUTATIONS

METHOD: Final = "minhash-lsh, verified; firsts in order of capture; 1"
"""Changes whenever the same documents and options would give other clusters than before."""


@dataclass(frozen=True, slots=True)
class Options:
    """Every choice that decides the table; where a run is cut into pieces is not among them.

    Raises UsageError for values that cannot be meant.
    """

    threshold: float = 0.8
    """Jaccard similarity of the shingle sets from which two texts are near-duplicates."""

    bands: int = 18
    rows: int = 7
    """Texts that agree in all `rows` places of one of `bands` bands are candidates: at Jaccard s
    that happens with probability 1-(1-s**rows)**bands (see `candidate_probability`)."""

    estimate: float = 0.7
    """Candidates whose signatures agree in a smaller share of places are not verified. The share
    has standard deviation 0.035 at Jaccard 0.8, so 0.7 loses 2 of 1,000 pairs there."""

    firsts: int = 64
    """A document is compared with at most so many firsts of one bucket, the earliest: pages of
    one template share buckets by the thousand without being similar. The table's receipt counts
    how often a document met this limit; its own words put it into other, smaller buckets."""

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1 or not 0 <= self.estimate <= self.threshold:
            raise UsageError(
                f"threshold {self.threshold} with estimate {self.estimate}",
                next_step="both lie between 0 and 1, and the estimate not above the threshold",
            )
        if min(self.bands, self.rows, self.firsts) < 1 or self.bands * self.rows > PERMUTATIONS:
            raise UsageError(
                f"{self.bands} bands of {self.rows} rows, {self.firsts} firsts",
                next_step=f"a signature has {PERMUTATIONS} places: bands * rows may not be more",
            )

    def to_json(self) -> dict[str, Any]:
        """All of it with what the signatures were made by; fractions as decimal text."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        shown = {k: repr(v) if isinstance(v, float) else v for k, v in values.items()}
        return {"method": METHOD, "minhash": PARAMETERS, **shown}

    def digest(self) -> str:
        return sha256_hex(canonical_json(self.to_json()))

    def signing(self) -> dict[str, Any]:
        """What the runs of a part depend on, besides the part."""
        whole = self.to_json()
        return {key: whole[key] for key in ("method", "minhash", "bands", "rows")}

    def places(self) -> int:
        """The estimate as a number of places of a signature."""
        return math.ceil(self.estimate * PERMUTATIONS)


def candidate_probability(similarity: float, options: Options) -> float:
    """How likely two texts of this Jaccard similarity share a bucket (Leskovec et al. 3.4.2)."""
    return 1.0 - (1.0 - similarity**options.rows) ** options.bands


@dataclass(frozen=True, slots=True)
class PartFiles:
    """The two tables of one part, already verified by the caller.

    `key` names the bytes of both: whatever has a key once, has the same bytes for ever, so runs
    made from it are found again in the cache.
    """

    key: str
    documents: Path
    signals: Path

    @classmethod
    def of(cls, documents: Path, signals: Path) -> PartFiles:
        """Keyed by the hashes of the files, for callers that do not know them already."""
        return cls(f"{sha256_file(documents)}-{sha256_file(signals)}", documents, signals)
