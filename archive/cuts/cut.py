"""What a cut is, and the SQL it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from archive.errors import UsageError

if TYPE_CHECKING:
    from archive.manifest import Manifest

FIRST: Final = "first"
"""The name under which taking first captures only is reported, beside the rules of a cut."""

DUPLICATES: Final = ("cluster", "kind", "is_first", "similarity")
"""What a rule may read of the duplicates table; a document in no cluster is its own first."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One boolean expression, true of what is kept."""

    name: str
    predicate: str
    meaning: str

    @property
    def kept(self) -> str:
        """The predicate as a condition that is never NULL: what cannot be told is not kept."""
        return f"(\n{self.predicate}\n) IS TRUE"


@dataclass(frozen=True, slots=True)
class Cut:
    """A named conjunction of rules.

    `hash` is the SHA-256 of the file in UTF-8 with Unix line ends, without white space at the end
    of lines, without empty lines, and with a line end after the last.
    """

    name: str
    source: str
    version: str
    deviations: tuple[str, ...]
    rules: tuple[Rule, ...]
    first_only: bool
    hash: str

    def predicate(self) -> str:
        """One SQL condition over the rows of `annotated()`, never NULL: all rules and, unless
        the cut takes all captures, the first capture of each text."""
        conditions = ["is_first"] if self.first_only else []
        conditions += [rule.kept for rule in self.rules]
        return "\nAND ".join(conditions) or "true"


def annotated() -> str:
    """The SELECT that rules are evaluated over: every document with its signals and duplicates.

    A document without a row of signals has NULL in their columns.
    """
    return """SELECT documents.*, signals.* EXCLUDE (id),
       duplicates.cluster, duplicates.kind, duplicates.similarity,
       coalesce(duplicates.is_first, true) AS is_first
FROM documents
LEFT JOIN signals ON signals.id = documents.id
LEFT JOIN duplicates ON duplicates.id = documents.id"""


def clean_view(cut: Cut) -> str:
    """The SELECT that the view `clean` stands for: documents and signals of what the cut keeps."""
    return (
        f"SELECT * EXCLUDE ({', '.join(DUPLICATES)})\n"
        f"FROM ({annotated()}) AS annotated\nWHERE {cut.predicate()}"
    )


def define_clean(manifest: Manifest, cut: Cut) -> str:
    """The statement that defines the view `clean` over a snapshot.

    UsageError where the snapshot lacks what the cut reads: without signals every rule would drop
    every document, without duplicates every capture would seem the first of its text.
    """
    lacking = []
    if cut.rules and not all(part.signals for part in manifest.parts):
        lacking.append("signals")
    if cut.first_only and manifest.duplicates is None:
        lacking.append("duplicates")
    if lacking:
        reference = f"{manifest.name}@{manifest.version}"
        raise UsageError(
            f"{reference} has no {' and no '.join(lacking)} for the cut {cut.name} to read",
            next_step=f"lowbg annotate {reference}",
        )
    return f"CREATE VIEW clean AS {clean_view(cut)}"
