"""The three numbers of a slice: proven human, estimated AI share of the rest, undetermined.

Of all documents, `proven` + `judged` + `undetermined` = 1. The estimate is a share of the judged
documents' sentences: those that resemble the synthetic reference more than the human one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from archive.audit.estimate import AiShare
from archive.audit.tally import Slice, Tally

NO_REFERENCE: Final = "no synthetic reference: give --synthetic"

NOTE: Final = (
    "Shares of populations. Nothing here says who wrote any single document: what is not proven"
    " human is not thereby anything else, and an estimate holds for its slice alone."
)


@dataclass(frozen=True)
class Judged:
    """One slice: its counts, and per language the estimate or the reason why there is none."""

    slice: Slice
    tally: Tally
    shares: Mapping[str, AiShare]
    refused: Mapping[str, str]
    """Language to reason, for languages that were not estimated at all."""

    def documents_judged(self) -> int:
        return sum(
            self.tally.rest[language]
            for language, share in self.shares.items()
            if share.estimate is not None
        )

    def ai_share(self) -> dict[str, Any]:
        """Over the languages that have an estimate, by their sentences in the corpus.

        Those of an estimate would not do: of a large target it reads a sample. The bounds are
        weighted likewise, which is wide where the errors of languages differ.
        """
        held = self.tally.rest_sentences
        known = {name: s for name, s in self.shares.items() if s.estimate is not None}
        sentences = sum(held[language] for language in known)
        if not sentences:
            reasons = sorted(self.reasons()) or ["nothing is left to estimate"]
            nothing: dict[str, Any] = dict.fromkeys(("estimate", "low", "high"))
            return {**nothing, "reason": "; ".join(reasons), "sentences": 0, "documents": 0}
        weighted = {
            name: sum(getattr(s, name) * held[language] for language, s in known.items())
            / sentences
            for name in ("estimate", "low", "high")
        }
        documents = self.documents_judged()
        return {**weighted, "reason": "", "sentences": sentences, "documents": documents}

    def reasons(self) -> Counter[str]:
        """Documents that nothing can be said of, by reason."""
        found: Counter[str] = Counter()
        for language, count in self.tally.rest.items():
            share = self.shares.get(language)
            if share is None:
                found[self.refused[language]] += count
            elif share.estimate is None:
                found[f"{language}: {share.reason}"] += count
        return found

    def to_json(self) -> dict[str, Any]:
        tally, reasons = self.tally, self.reasons()
        whole = max(1, tally.documents)
        return {
            "documents": tally.documents,
            "sentences": tally.sentences,
            "bytes": tally.bytes,
            "proven_human": tally.share(),
            "ai_share": self.ai_share(),
            "undetermined": {
                "share": sum(reasons.values()) / whole,
                "reasons": {reason: count / whole for reason, count in sorted(reasons.items())},
            },
            "judged": self.documents_judged() / whole,
            "languages": {
                language: share.to_json() for language, share in sorted(self.shares.items())
            },
        }
