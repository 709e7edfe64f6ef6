"""The documents of a cut as a Hugging Face dataset, every file verified before it is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from archive.digest import canonical_json, sha256_hex
from archive.feed.cut import Chosen
from archive.feed.reader import Reader, known_columns
from archive.schema import arrow_schema

if TYPE_CHECKING:
    import datasets

    from archive.manifest import Manifest
    from archive.store.local import Store

VERSION: Final = "documents-v1"


def to_datasets(
    store: Store,
    manifest: Manifest,
    chosen: Chosen,
    columns: Sequence[str] | None,
    *,
    streaming: bool,
) -> datasets.IterableDataset | datasets.Dataset:
    """The documents in canonical order, streamed, or as a map-style dataset in datasets' cache.

    A streamed one has a shard for each block, so `split_dataset_by_node` and DataLoader workers
    share the blocks out, and its own `state_dict` resumes exactly. Its `shuffle` does not: use a
    feed where the order matters. Files in datasets' cache are not verified again when read.
    """
    import datasets
    import pyarrow as pa

    names = known_columns(columns)
    schema = arrow_schema("documents")
    features = datasets.Features.from_arrow_schema(pa.schema([schema.field(n) for n in names]))
    generate = _Blocks(store, manifest, chosen, names)
    blocks: dict[str, Any] = {"blocks": list(range(len(chosen.blocks))) or [None]}
    if streaming:
        return datasets.IterableDataset.from_generator(generate, features, blocks)
    if not chosen.counts.any():  # datasets cannot prepare a dataset of no rows
        return datasets.Dataset.from_dict({name: [] for name in names}, features=features)
    # What is in datasets' cache under this name is the same content, whoever put it there.
    facts = [VERSION, manifest.content_root, chosen.digest, names]
    fingerprint = sha256_hex(canonical_json(facts))[:32]
    return datasets.Dataset.from_generator(
        generate, features, gen_kwargs=blocks, fingerprint=fingerprint
    )


class _Blocks:
    """Generates the documents of blocks; a class, so that it can be sent to other processes."""

    def __init__(
        self, store: Store, manifest: Manifest, chosen: Chosen, columns: list[str]
    ) -> None:
        self._of = store, manifest, chosen, columns

    def __call__(self, blocks: list[int | None]) -> Iterator[dict[str, Any]]:
        reader = Reader(*self._of)
        for block in blocks:
            if block is None:  # datasets wants a shard even where there is no document
                return
            for batch in reader.block(block).to_batches(max_chunksize=256):
                yield from batch.to_pylist()
