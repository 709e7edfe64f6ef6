"""What the estimator is given: documents, and the parameters of every choice it makes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from archive.digest import sha256_hex
from archive.errors import UnknownName

UNITS: Final = ("sentence", "document")


@dataclass(frozen=True, slots=True)
class Text:
    """One document as the estimator sees it."""

    text: str
    source: str = ""
    """Its stratum: host, corpus or register. Null tests and the choice of words go by it."""
    language: str = ""
    """Only compared with its own language; the caller makes one reference for each."""
    date: str = ""
    """ISO day or year where known, for the excess-vocabulary bound."""
    cluster: str = ""
    """Documents of one cluster are resampled and split together; its own hash if empty."""

    @property
    def group(self) -> str:
        """What is split and resampled as a whole: 64 hexadecimal digits."""
        key = f"cluster {self.cluster}" if self.cluster else self.text
        return sha256_hex(key.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Settings:
    """Every parameter that decides an answer; recorded with it."""

    seed: int = 0
    """Of the split of documents and of the bootstrap."""
    unit: str = "sentence"
    """What is human or synthetic as a whole: each "sentence", or each "document"."""
    folds: int = 5
    """Each fold of the references calibrates the word rates that the others gave."""
    least_clusters: int = 3
    """Document clusters of either kind that a word of the vocabulary must stand in."""
    least_sources: int = 2
    """Sources that it must stand in, where there are as many."""
    most_words: int = 100_000
    """Words of the lexicon: those of the most documents."""
    level: float = 0.95
    """Of the interval."""
    bootstrap: int = 400
    """Rounds of the nested bootstrap over document clusters."""
    retrained: int = 8
    """Of them, how often the word rates are estimated anew, from resampled references."""
    least_sentences: int = 3000
    """Fewer in the target and there is no estimate."""
    least_documents: int = 30
    """Fewer document clusters of target, human or synthetic reference, and there is none."""
    least_auc: float = 0.8
    """Held-out AUC of human against synthetic documents, its lower bound: below, they are alike."""
    most_shift: float = 0.1
    """Share that human text of an unseen source may be read as (root mean square over sources)."""
    most_drift: float = 3.0
    """Standard deviations by which a target may differ from the archive's own samples, and its
    common words from its rare ones."""
    most_unseen_drift: float = 1.5
    """The same for a target with a source that an archive of several sources lacks."""
    drift_draws: int = 40
    """Samples of the archive that say how much words differ by chance."""
    most_sentences: int = 200_000
    """Kept of a target and of each reference: those of the clusters with the lowest hashes."""

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise UnknownName("unit", self.unit, UNITS)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def finite(bound: float) -> float | None:
    """A bound as JSON has it, which lacks the infinite: None where nothing is ruled out."""
    return bound if math.isfinite(bound) else None


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition that an estimate needs, what was measured, and what that means."""

    name: str
    passed: bool
    value: float | None
    threshold: float | None
    meaning: str
    detail: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "value": self.value,
            "threshold": self.threshold,
            "meaning": self.meaning,
            "detail": dict(self.detail),
        }


@dataclass(frozen=True, slots=True)
class AiShare:
    """The share of a population's sentences that resemble a synthetic reference, or why none.

    Shares from 0 to 1. It says nothing about any single document. `estimate`, `low` and `high`
    are None where a gate failed; `reason` then says which, and is empty otherwise.
    """

    estimate: float | None
    low: float | None
    high: float | None
    reason: str
    gates: Mapping[str, Gate]
    sentences: int
    documents: int

    def to_json(self) -> dict[str, Any]:
        return {
            "estimate": self.estimate,
            "low": self.low,
            "high": self.high,
            "reason": self.reason,
            "gates": {name: gate.to_json() for name, gate in self.gates.items()},
            "sentences": self.sentences,
            "documents": self.documents,
        }
