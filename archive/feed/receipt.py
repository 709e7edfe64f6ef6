"""Receipts: which documents a job has been fed, and whether a document was among them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from archive.digest import LEAF_BYTES
from archive.errors import CheckFailed, UnknownName, UsageError
from archive.feed.cut import choose
from archive.feed.feed import Feed
from archive.feed.stream import FORMAT as STATE_FORMAT
from archive.manifest import Manifest
from archive.store.local import Store

FORMAT: Final = "lowbackground-receipt 1"


@dataclass(frozen=True)
class Fed:
    """The positions `first` to before `last` of one feed."""

    feed: Feed
    first: int
    last: int
    mixed: int | None = None  # of a mix: the documents that all its sources have given

    def ids(self) -> Iterator[tuple[int, str]]:
        """(position, document id), in order."""
        return self.feed.ids(self.first, self.last)

    def positions(self, document: str) -> list[int]:
        """Where in the range a document was fed; empty if it was not."""
        return [p for p in self.feed.positions(document) if self.first <= p < self.last]

    def receipt(self) -> dict[str, Any]:
        """What was fed, in a form that anybody with the snapshot can compute again.

        `ids_sha256` is the SHA-256 of the document ids as 32 bytes each, in order.
        """
        digest = hashlib.sha256()
        for _, document in self.ids():
            digest.update(bytes.fromhex(document))
        return {
            "format": FORMAT,
            **self.feed.facts(),
            "first": self.first,
            "last": self.last,
            "fed": self.last - self.first,
            **({} if self.mixed is None else {"fed_by_all_sources": self.mixed}),
            "ids_sha256": digest.hexdigest(),
        }


def fed(store: Store, facts: dict[str, Any], first: int, last: int) -> Fed:
    """A range of the feed that a state's `order` describes; CheckFailed if it is another now."""
    manifest = _manifest(store, facts)
    feed = Feed(
        store,
        manifest,
        choose(store, manifest, facts["cut"], facts["where"]),
        columns=["id"],
        seed=facts["seed"],
        epoch=facts["epoch"],
        window=facts["window"],
    )
    if feed.documents != facts["documents"] or feed.chosen.rows_digest != facts["rows_sha256"]:
        raise CheckFailed(
            f"the cut has {feed.documents:,} documents here, {facts['documents']:,} in the state",
            next_step="a predicate that depends on the day or on chance gives no receipt",
        )
    if not 0 <= first <= last:
        raise UsageError(f"no range {first}-{last}", next_step="write FIRST-LAST, from 0 on")
    feed.epochs = max(1, -(-last // max(1, feed.documents)))
    if last > 0 and not feed.documents:
        raise CheckFailed("the cut has no documents", next_step="check the cut's predicate")
    return Fed(feed, first, last)


def from_state(store: Store, state: dict[str, Any]) -> list[Fed]:
    """What has been fed to all ranks when a state was saved: one range for each snapshot's feed.

    Sources of a mix that are no feeds of snapshots are left out: nothing can be said of them here.
    """
    order = state["order"]
    if "content_root" in order:
        return [fed(store, order, 0, state["position"])]
    if "feed" in order:
        return [fed(store, order["feed"], 0, _documents_begun(state))]
    given = state["given"] if "given" in state else _given_by_tokens(state)
    pairs = zip(order["sources"], given, strict=True)
    return [
        replace(fed(store, facts, 0, count), mixed=sum(given))
        for facts, count in pairs
        if "content_root" in facts
    ]


def _documents_begun(state: dict[str, Any]) -> int:
    known = state["known"]
    if known["block"] != state["position"]:
        raise _unknown()
    begun: bool = known["token"] > 0
    return int(known["document"]) + begun


def _given_by_tokens(state: dict[str, Any]) -> list[int]:
    known = state["known"]
    if known["position"] != state["position"]:
        raise _unknown()
    return list(known["documents"])


def _unknown() -> CheckFailed:
    return CheckFailed(
        "the state was saved where the tokens of the documents were not known",
        next_step="save it from a stream that is iterated without DataLoader workers",
    )


def read_state(path: Path) -> dict[str, Any]:
    """The state of a feed in a checkpoint: a JSON file, or one of torch.save with it anywhere in.

    Raises UsageError if there is none, or more than one that are not equal.
    """
    try:
        content: Any = json.loads(path.read_bytes())
    except ValueError:
        content = _torch_load(path)
    states = list(_states(content))
    if not states or any(state != states[0] for state in states):
        raise UsageError(
            f"{path} has {'several states' if states else 'no state'} of a feed",
            next_step="save one feed.state_dict(), of any rank, in the checkpoint",
        )
    return states[0]


def _torch_load(path: Path) -> Any:
    try:
        import torch
    except ImportError as error:
        raise UsageError(
            f"{path} is no JSON, and torch is not installed", next_step="install torch to read it"
        ) from error
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a file that is none of its own
        raise UsageError(
            f"{path} is neither JSON nor a torch checkpoint: {error}",
            next_step="name a file with a feed's state",
        ) from error


def _states(content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, dict):
        if content.get("format") == STATE_FORMAT:
            yield content
            return
        content = list(content.values())
    if isinstance(content, list | tuple):
        for each in content:
            yield from _states(each)


def _manifest(store: Store, facts: dict[str, Any]) -> Manifest:
    """The version that a state names, else any that has its content root."""
    root = facts["content_root"]
    for reference in (facts["snapshot"], root):
        try:
            manifest = store.manifest(*store.resolve(reference))
        except UnknownName:
            continue
        if manifest.content_root == root:
            return manifest
    raise UnknownName("content root", root, [f"{n}@latest" for n in store.names()])


def require_id(document: str) -> str:
    """The id, if it can be one; UsageError else."""
    if len(document) != 2 * LEAF_BYTES or set(document) - set("0123456789abcdef"):
        raise UsageError(
            f"not a document id: {document!r}",
            next_step="give 64 digits: lowbg sql NAME 'select id, url from documents limit 5'",
        )
    return document
