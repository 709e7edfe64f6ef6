"""What an audit is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from archive.audit.estimate import Settings
from archive.audit.options import Matching
from archive.audit.references import MOST_TEXTS

MOST_ESTIMATED = 32
"""Slices besides the whole that are estimated; each holds 20 MB of its sentences or less."""


@dataclass(frozen=True)
class Order:
    """What is asked for. Names are files, folders, snapshots of `store`, or hf:DATASET."""

    corpora: tuple[str, ...]
    against: tuple[str, ...]
    store: str
    cut: str = "everything"
    least_grade: str = "claimed"
    """Of a snapshot only captures of this grade or a better one are witnesses."""
    synthetic: tuple[str, ...] = ()
    scores: Path | None = None
    """A detector's scores: see archive.audit.scores."""
    by: tuple[str, ...] = ()
    text_column: str = "text"
    seed: int = 0
    workers: int = 1
    most_texts: int = MOST_TEXTS
    most_estimated: int = MOST_ESTIMATED
    matching: Matching = field(default_factory=Matching)
    settings: Settings = field(default_factory=Settings)
