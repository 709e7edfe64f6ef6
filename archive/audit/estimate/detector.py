"""Any detector's share of a population: corrected for its errors, which are counted, not believed.

Rogan and Gladen 1978: share = (flagged - false positive rate) / (true positive rate - false
positive rate). What is flagged of human and of synthetic text must come from the same archive.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archive.audit.estimate.auc import auc
from archive.audit.estimate.bag import Floats
from archive.audit.estimate.interval import Measured
from archive.audit.estimate.texts import AiShare, Gate, Settings, finite

CERTAIN = 1e9  # degrees of freedom: the normal distribution


def rogan_gladen(
    flagged: int, documents: int, human_flagged: int, human_documents: int,
    synthetic_flagged: int, synthetic_documents: int, settings: Settings | None = None,
) -> AiShare:  # fmt: skip
    """The share of documents that is synthetic, from six counts of independent documents.

    The interval is Fieller's over three binomial shares, each counted with two more documents of
    either kind (Agresti and Coull 1998), so that none flagged of a hundred is not proof of none.
    """
    settings = settings or Settings()
    pairs = (
        (flagged, documents),
        (human_flagged, human_documents),
        (synthetic_flagged, synthetic_documents),
    )
    gates = {"size": _enough([n for _, n in pairs], settings)}
    if not gates["size"].passed:
        return _refused(gates, documents)
    rates = [found / n for found, n in pairs]
    steadied = [(found + 2) / (n + 4) for found, n in pairs]
    variances = [p * (1 - p) / (n + 4) for p, (_, n) in zip(steadied, pairs, strict=True)]
    gap = rates[2] - rates[1]
    gates["detector"] = Gate(
        "detector", gap > 0, gap, 0.0,
        f"it flags {rates[2]:.1%} of synthetic and {rates[1]:.1%} of human documents", {},
    )  # fmt: skip
    if gap <= 0:
        return _refused(gates, documents)
    share = (rates[0] - rates[1]) / gap
    found = Measured(share, np.diag(variances) / gap**2, CERTAIN, rates[0])
    low, high = found.interval(settings.level)
    gates["range"] = Gate(
        "range", low <= 1 and high >= 0, share, None,
        f"{share:.3f} before it is cut to 0..1", {"low": finite(low), "high": finite(high)},
    )  # fmt: skip
    if not gates["range"].passed:
        return _refused(gates, documents)
    cut = [min(max(value, 0.0), 1.0) for value in (share, low, high)]
    return AiShare(cut[0], cut[1], cut[2], "", gates, 0, documents)


def from_scores(
    target: Sequence[float], human: Sequence[float], synthetic: Sequence[float],
    settings: Settings | None = None,
) -> AiShare:  # fmt: skip
    """The share by a detector's scores of documents, larger for synthetic ones.

    The threshold is the one that tells random halves of the human and synthetic scores apart best
    (largest difference of the rates); its errors are counted on the other halves.
    """
    settings = settings or Settings()
    gate = _enough([len(target), len(human) // 2, len(synthetic) // 2], settings)
    if not gate.passed:
        return _refused({"size": gate}, len(target))
    rng = np.random.default_rng([settings.seed, 5])
    people, machine = (
        np.array_split(rng.permutation(np.sort(np.asarray(scores, dtype=np.float64))), 2)
        for scores in (human, synthetic)
    )
    found, least = auc(people[1], machine[1]), settings.least_auc
    if found < least:
        gates = {
            "identifiable": Gate(
                "identifiable", False, found, least,
                f"the detector does not tell them apart (AUC {found:.3f}, {least:g} needed)", {},
            )
        }  # fmt: skip
        return _refused(gates, len(target))
    threshold = _best(people[0], machine[0])
    counts = [
        int((np.asarray(scores) >= threshold).sum()) for scores in (target, people[1], machine[1])
    ]
    return rogan_gladen(
        counts[0], len(target), counts[1], len(people[1]), counts[2], len(machine[1]), settings
    )


def _best(human: Floats, synthetic: Floats) -> float:
    """The score from which on as many synthetic and as few human ones lie as can be."""
    candidates = np.unique(np.concatenate((human, synthetic)))
    above = [
        1 - np.searchsorted(np.sort(scores), candidates) / len(scores)
        for scores in (synthetic, human)
    ]
    return float(candidates[int(np.argmax(above[0] - above[1]))])


def _enough(sizes: Sequence[int], settings: Settings) -> Gate:
    least = settings.least_documents
    return Gate(
        "size", min(sizes) >= least, float(min(sizes)), float(least),
        f"{sizes[0]} documents against {sizes[1]} human and {sizes[2]} synthetic ones;"
        f" {least} of each needed",
        {},
    )  # fmt: skip


def _refused(gates: dict[str, Gate], documents: int) -> AiShare:
    failed = next(gate for gate in gates.values() if not gate.passed)
    reason = f"{failed.name}: {failed.meaning}"
    return AiShare(None, None, None, reason, gates, 0, documents)
