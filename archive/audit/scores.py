"""A detector's scores as a file: JSON Lines or Parquet with the columns `of` and `score`.

`of` says whose the score is: `corpus`, `human` (documents of the archive) or `synthetic`. The
larger the score, the more synthetic the text seemed. Which detector it was plays no part: its
errors are counted on the two known sides (archive.audit.estimate.detector).
"""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Final

from archive.audit.corpora import file_corpus, kind_of
from archive.audit.estimate import AiShare, Settings, from_scores
from archive.audit.items import Item, Wanted
from archive.errors import UsageError

SIDES: Final = ("corpus", "human", "synthetic")


def from_file(path: Path, settings: Settings) -> AiShare:
    """The share of the corpus's documents that the scores say is synthetic, corrected.

    Raises UsageError, with the row, for anything that is not a score of one of the sides.
    """
    if not path.is_file() or kind_of(path) not in ("jsonl", "parquet"):
        raise UsageError(
            f"no file of scores at {path}",
            next_step="give JSON Lines or Parquet with the columns 'of' and 'score'",
        )
    scores = {side: array("d") for side in SIDES}
    for row in file_corpus(path, Wanted("of", ("score",))).rows(lambda _: None):
        if not isinstance(row, Item):
            raise _wrong(row.place, row.detail or row.reason)
        score = row.columns.get("score")
        if row.text not in SIDES:
            raise _wrong(row.place, f"of is {row.text!r}")
        if not isinstance(score, int | float) or not abs(score) < float("inf"):
            raise _wrong(row.place, f"score is {score!r}")
        scores[row.text].append(score)
    return from_scores(scores["corpus"], scores["human"], scores["synthetic"], settings)


def _wrong(place: str, detail: str) -> UsageError:
    return UsageError(
        f"{place}: no score: {detail}",
        next_step=f"every row has a number 'score' and 'of', one of {', '.join(SIDES)}",
    )
