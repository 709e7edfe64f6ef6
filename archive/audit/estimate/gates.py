"""The gates: what must hold before a share is printed, and the words for what does not."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from archive.audit.estimate.agreement import agreement
from archive.audit.estimate.auc import auc, auc_error
from archive.audit.estimate.bag import Bag, summed
from archive.audit.estimate.drift import drift, shape
from archive.audit.estimate.interval import NONE, Measured, Shift
from archive.audit.estimate.mixture import Scorer
from archive.audit.estimate.nulls import Null, shift
from archive.audit.estimate.texts import Gate, finite

LEAST_SOURCES = 5  # null tests that a statement about an unseen source needs


def reference_gates(scorer: Scorer, nulls: Sequence[Null]) -> dict[str, Gate]:
    """Gates that do not depend on a target."""
    return {
        "references": _enough_reference(scorer),
        "identifiable": _identifiable(scorer),
        "nulls": _nulls(scorer, nulls),
    }


def target_gates(
    scorer: Scorer, nulls: Sequence[Null], target: Bag, found: Measured | None
) -> dict[str, Gate]:
    """Gates of one target; those that need a measured share only where there is one."""
    gates = {"size": _enough_target(scorer, target)}
    if found is not None:
        gates["drift"] = _drift(scorer, nulls, target, found)
        gates["agreement"] = _agreeing(scorer, target)
        gates["range"] = _within(scorer, found, allowance(gates["drift"], nulls))
    return gates


def allowance(drifted: Gate, nulls: Sequence[Null]) -> Shift:
    """What to add where the target is of a source that the references lack."""
    return shift(nulls) if drifted.detail["widened"] else NONE


def _enough_reference(scorer: Scorer) -> Gate:
    clusters = [len(np.unique(bag.clusters)) for bag in (scorer.human, scorer.synthetic)]
    least = scorer.settings.least_documents
    return Gate(
        "references", min(clusters) >= least, float(min(clusters)), float(least),
        f"{clusters[0]} human and {clusters[1]} synthetic document clusters; {least} each needed",
        {"human": clusters[0], "synthetic": clusters[1]},
    )  # fmt: skip


def _identifiable(scorer: Scorer) -> Gate:
    """Held-out documents of both kinds, told apart by the sum of their sentences' ratios.

    It must be shown, not hoped for: the one-sided lower bound of the AUC is what passes. By the
    estimate alone, a family that lies below would pass in its lucky splits, where it errs most.
    """
    trained = scorer.trained(0)
    human, synthetic = (
        summed(bag.document, ratios, bag.documents)
        for bag, ratios in ((scorer.human, trained.human), (scorer.synthetic, trained.synthetic))
    )
    owners = scorer.human_owner, scorer.synthetic_owner
    found, error = auc(human, synthetic), auc_error(human, synthetic, *owners)
    low = found - NormalDist().inv_cdf(scorer.settings.level) * error
    least = scorer.settings.least_auc
    said = "are told apart" if low >= least else "cannot be told apart: not identifiable"
    return Gate(
        "identifiable", low >= least, low, least,
        f"held-out human and synthetic documents {said}"
        f" (AUC {found:.3f}, at least {low:.3f}, {least:g} needed)",
        {"auc": found, "error": error},
    )  # fmt: skip


def _nulls(scorer: Scorer, nulls: Sequence[Null]) -> Gate:
    """Whether anything can be said of a source that the references lack."""
    most, found = scorer.settings.most_shift, shift(nulls).deviation
    worst = max(nulls, key=lambda null: null.share, default=None)
    passed = len(nulls) >= LEAST_SOURCES and found <= most
    said = (
        f"unseen human sources are read as {found:.1%} synthetic (root mean square of"
        f" {len(nulls)}), at most as {max(worst.share, 0):.1%} ({worst.source})"
        if worst
        else "one source alone: nothing can be said of others"
    )
    return Gate(
        "nulls", passed, found if nulls else None, most,
        f"{said}; {LEAST_SOURCES} sources and {most:.0%} at most are needed",
        {"sources": [null.to_json() for null in nulls]},
    )  # fmt: skip


def _enough_target(scorer: Scorer, target: Bag) -> Gate:
    settings = scorer.settings
    clusters = len(np.unique(target.clusters))
    passed = target.sentences >= settings.least_sentences and clusters >= settings.least_documents
    return Gate(
        "size", passed, float(target.sentences), float(settings.least_sentences),
        f"{target.sentences} sentences of {clusters} document clusters; {settings.least_sentences}"
        f" of {settings.least_documents} needed",
        {"clusters": clusters, "least_clusters": settings.least_documents},
    )  # fmt: skip


def _drift(scorer: Scorer, nulls: Sequence[Null], target: Bag, found: Measured) -> Gate:
    """Like the archive's own samples, in words and in the distribution of scores.

    Samples of an archive of many sources vary so much that one new source passes for one. So a
    target with a source that such an archive lacks is held to the stricter limit, and is widened by
    what the null tests show.
    """
    drifts = {
        "all words": drift(scorer, target, found.share, vocabulary_only=False),
        "vocabulary": drift(scorer, target, found.share, vocabulary_only=True),
        "shape of the scores": shape(scorer, target, found.share),
    }
    worst = max(drifts, key=lambda name: drifts[name].deviations)
    value, settings, known = drifts[worst].deviations, scorer.settings, scorer.human.names
    unseen = {target.names[i] for i in set(target.sources.tolist())} - set(known)
    strict = bool(unseen) and len(known) > 1
    most = settings.most_unseen_drift if strict else settings.most_drift
    widened = strict and bool(nulls)
    return Gate(
        "drift", value <= most, value, most,
        f"words differ from the references' by {value:.1f} standard deviations of their own"
        f" samples ({worst}; {most:g} allowed)"
        + ("; its source is not among theirs, so the interval is widened" if widened else ""),
        {
            "strict": strict,
            "widened": widened,
            "unseen_sources": len(unseen),
            "deviations": {name: each.deviations for name, each in drifts.items()},
        },
    )  # fmt: skip


def _agreeing(scorer: Scorer, target: Bag) -> Gate:
    both, most = agreement(scorer, target), scorer.settings.most_drift
    if both.deviations is None:
        said = "common or rare words alone do not tell the references apart"
        return Gate("agreement", True, None, most, said, {})
    return Gate(
        "agreement", abs(both.deviations) <= most, both.deviations, most,
        f"common words say {both.common:.3f}, rare ones {both.rare:.3f}:"
        f" {abs(both.deviations):.1f} standard errors apart, {most:g} allowed",
        {"common": both.common, "rare": both.rare},
    )  # fmt: skip


def _within(scorer: Scorer, found: Measured, widened: Shift) -> Gate:
    low, high = found.interval(scorer.settings.level, widened)
    return Gate(
        "range", low <= 1 and high >= 0, found.share, None,
        f"{found.share:.3f} before it is cut to 0..1: a target outside of what any mixture gives"
        " is of another kind than both references",
        {"low": finite(low), "high": finite(high)},
    )  # fmt: skip
