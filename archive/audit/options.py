"""What decides which documents are proven human, and how a passage is compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from archive.digest import canonical_json, sha256_hex
from archive.errors import UnknownName, UsageError

RULES: Final = "letters of NFKC case-folded text without markup; winnowed passages; 1"
"""Changes whenever the same texts and parameters would give other keys than before."""

GRADES: Final = ("attested", "consistent", "claimed", "contradicted")
"""Grades of evidence, the best first (archive.evidence)."""

NO_GRADE: Final = "none"
STANDINGS: Final = (*GRADES, NO_GRADE)
"""What a witness can have: a grade, or none, being no capture but a row of a file."""


@dataclass(frozen=True, slots=True)
class Matching:
    """Every parameter of the provenance match. Raises UsageError for values that cannot be meant.

    A passage is `letters` letters and digits in a row (50: GPT-4 technical report, appendix C; 13
    words of English are 61 letters on average). Of each `window` passages in a row one is indexed
    (winnowing: Schleimer, Wilkerson and Aiken 2003), so what two texts share is found for certain
    from `letters + window - 1` letters on, by chance below, and never below `letters`.
    """

    letters: int = 50
    window: int = 16
    contained: float = 0.8
    """A document is contained if so much of its letters lies in passages of the archive."""
    similar: float = 0.8
    """Jaccard similarity of word 5-grams from which two texts are near-duplicates."""
    common: int = 5
    """A passage that so many registered domains have is boilerplate and proves nothing."""
    candidates: int = 8
    """A document is compared with at most so many others that share a band of its signature."""

    def __post_init__(self) -> None:
        if self.letters < 8 or not 1 <= self.window <= self.letters or self.common < 2:
            raise UsageError(
                f"passages of {self.letters} letters, windows of {self.window},"
                f" common from {self.common} domains",
                next_step="a passage has 8 letters or more and a window no more than a passage",
            )
        if not 0 < self.contained <= 1 or not 0 < self.similar <= 1 or self.candidates < 1:
            raise UsageError(
                f"contained {self.contained}, similar {self.similar}, {self.candidates} candidates",
                next_step="shares lie above 0 and are at most 1; compare with one or more",
            )

    def to_json(self) -> dict[str, Any]:
        return {"rules": RULES, **asdict(self)}

    def indexing(self) -> str:
        """The SHA-256 of what the index of an archive depends on, besides the archive."""
        return sha256_hex(canonical_json([RULES, self.letters, self.window]))


def admitted(least: str) -> tuple[str, ...]:
    """The grades that are at least as good as one."""
    if least not in GRADES:
        raise UnknownName("grade", least, GRADES)
    return GRADES[: GRADES.index(least) + 1]
