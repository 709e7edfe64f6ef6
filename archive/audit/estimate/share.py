"""From a reference and a target to a share with its interval, or to the reason why none."""

from __future__ import annotations

from archive.audit.estimate.bag import Bag
from archive.audit.estimate.gates import allowance, target_gates
from archive.audit.estimate.interval import measure
from archive.audit.estimate.reference import Reference, Target
from archive.audit.estimate.texts import AiShare, Gate


def estimate(reference: Reference, target: Target | Bag) -> AiShare:
    """The share of the target's sentences that resemble the synthetic reference.

    Where a gate fails there is no number, only `reason`: that of the first gate that failed.
    """
    bag = target if isinstance(target, Bag) else target.bag()
    settings = reference.settings
    gates: dict[str, Gate] = dict(reference.gates)
    measurable = all(gates[name].passed for name in ("references", "identifiable"))
    found = None
    if measurable and bag.sentences and len(set(bag.clusters.tolist())) >= settings.least_documents:
        found = measure(
            reference.scorer, bag, retrained=settings.retrained, rounds=settings.bootstrap
        )
    gates |= target_gates(reference.scorer, reference.nulls, bag, found)
    # Null tests bind only a target that is of a source which the references lack.
    unseen = "drift" in gates and gates["drift"].detail["strict"]
    binding = [gate for name, gate in gates.items() if name != "nulls" or unseen]
    failed = next((gate for gate in binding if not gate.passed), None)
    if failed or found is None:
        reason = f"{failed.name}: {failed.meaning}" if failed else "size: nothing to compare"
        return AiShare(None, None, None, reason, gates, bag.sentences, bag.documents)
    low, high = found.interval(settings.level, allowance(gates["drift"], reference.nulls))
    return AiShare(
        _clipped(found.share), _clipped(low), _clipped(high), "", gates,
        bag.sentences, bag.documents,
    )  # fmt: skip


def _clipped(share: float) -> float:
    return min(max(share, 0.0), 1.0)
