"""MinHash: 128 minima over lower-cased word 5-grams, from which Jaccard similarity is estimated.

Words are UAX #29 words, lower-cased; white space and punctuation play no part. A text of one to
four words is one shingle of all of them; a text without words is one shingle of what it shows.
A shingle's 64-bit hash (archive.signals.hashing) gives its top 32 bits x; permutation k maps it to
(MULTIPLIERS[k] * x + ADDENDS[k]) mod 2**32. Two signatures agree in a share of their places whose
expectation is the Jaccard similarity of the shingle sets (Broder 1997).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from archive.signals.hashing import Hashes, mix, of_text

if TYPE_CHECKING:
    from archive.signals.view import View

COLUMNS = ("minhash",)

SHINGLE: Final = 5
PERMUTATIONS: Final = 128
SEED: Final = 0x6C6F776267  # "lowbg"

_drawn = mix(np.arange(SEED, SEED + 2 * PERMUTATIONS, dtype=np.uint64)) >> np.uint64(32)
MULTIPLIERS: Final = (_drawn[:PERMUTATIONS] | np.uint64(1)).astype(np.uint32)
ADDENDS: Final = _drawn[PERMUTATIONS:].astype(np.uint32)

PARAMETERS: Final = (
    f"words uax29 lower; shingle {SHINGLE}; permutations {PERMUTATIONS}; "
    f"a*x+b mod 2^32, x = top 32 bits; splitmix64 seed {SEED:#x}; uint32 little-endian; 1"
)


def compute(view: View) -> dict[str, Any]:
    hashes, first = shingles(view)
    return {"minhash": [bytes(row) for row in signatures(hashes, first).astype("<u4")]}


def shingles(view: View) -> tuple[Hashes, npt.NDArray[np.int64]]:
    """Shingle hashes of all texts, at least one for each, and where each text's begin."""
    from archive.signals.kernels.minhash import shingles as cut

    bounds = view.words.bounds
    hashes, first = cut(view.lower_word_hashes, bounds, SHINGLE)
    for index in np.flatnonzero(bounds[1:] == bounds[:-1]):
        begin, end = view.begins[index], view.ends[index]
        hashes[first[index]] = of_text("".join(view.lower[begin:end].split()))
    return hashes, first


def signatures(hashes: Hashes, first: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """The minima of every permutation over each text's shingles, one row a text."""
    from archive.signals.kernels.minhash import minima

    values = (hashes >> np.uint64(32)).astype(np.uint32)
    found: npt.NDArray[np.uint32] = minima(values, first, MULTIPLIERS, ADDENDS)
    return found


def jaccard(one: bytes, other: bytes) -> float:
    """The similarity that two signatures estimate: the share of places where they agree."""
    pair = [np.frombuffer(signature, dtype="<u4") for signature in (one, other)]
    return float(np.mean(pair[0] == pair[1]))
