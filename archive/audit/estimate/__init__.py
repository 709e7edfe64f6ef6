"""How large a share of a population of texts resembles model output, with an honest interval.

A reference is built from human and from synthetic text of one language; a target is fed text by
text and kept in bounded memory; `estimate` compares the two:

    reference = Reference.build(human, synthetic, Settings())
    target = Target(reference)
    for text in corpus:
        target.add(text)
    share = estimate(reference, target)

Three ways to a share, none of which says anything about a single document:
`estimate` (mixture likelihood over word occurrence, after Liang et al., arXiv 2403.07183),
`excess_vocabulary` (a lower bound from dated text, after Kobak et al., Science Advances 2025) and
`rogan_gladen` (any detector whose errors were counted on the same archive).
"""

from archive.audit.estimate.detector import from_scores, rogan_gladen
from archive.audit.estimate.excess import Years, excess_vocabulary
from archive.audit.estimate.reference import Reference, Target
from archive.audit.estimate.share import estimate
from archive.audit.estimate.texts import AiShare, Gate, Settings, Text

__all__ = [
    "AiShare",
    "Gate",
    "Reference",
    "Settings",
    "Target",
    "Text",
    "Years",
    "estimate",
    "excess_vocabulary",
    "from_scores",
    "rogan_gladen",
]
