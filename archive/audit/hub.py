"""Hugging Face datasets as corpora: a folder that `save_to_disk` wrote, or a name on the hub."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from archive.audit.items import Corpus, Row, Told, Wanted, require_column, row
from archive.errors import EnvironmentFailed, UsageError

BATCH_ROWS = 256


def dataset_on_disk(path: Path, wanted: Wanted) -> Iterator[Corpus]:
    """Each split of a saved dataset; its files are mapped, not read whole."""
    import datasets

    try:
        loaded = datasets.load_from_disk(str(path))
    except Exception as error:  # the library raises kinds of many others
        raise UsageError(
            f"{path} is no dataset that can be loaded: {error}",
            next_step="save it again with save_to_disk, or give its Parquet files",
        ) from error
    splits = loaded if isinstance(loaded, datasets.DatasetDict) else {"": loaded}
    for split, data in sorted(splits.items()):
        name = f"{path}:{split}" if split else str(path)
        require_column(wanted.text, data.column_names, name)
        size = int(data.dataset_size or 0)
        yield Corpus(name, "dataset", size, partial(_rows, data, name, wanted, size))


def hub_dataset(name: str, wanted: Wanted) -> Corpus:
    """A dataset of the hub, streamed. `name` may end in :SPLIT, train being meant without."""
    dataset, _, split = name.partition(":")

    def rows(told: Told) -> Iterator[Row]:
        import datasets

        try:
            data = datasets.load_dataset(dataset, split=split or "train", streaming=True)
        except Exception as error:
            raise _unreachable(dataset, error) from error
        yield from _rows(data, f"hf:{name}", wanted, 0, told)

    return Corpus(f"hf:{name}", "hub", 0, rows)


def _unreachable(name: str, error: Exception) -> EnvironmentFailed:
    return EnvironmentFailed(
        f"cannot load the dataset {name!r}: {type(error).__name__}: {error}",
        next_step="check its name, split and the network, or give a folder saved with save_to_disk",
    )


def _rows(data: Any, name: str, wanted: Wanted, size: int, told: Told) -> Iterator[Row]:
    names = data.column_names
    if names is not None:
        require_column(wanted.text, names, name)
        data = data.select_columns([each for each in names if each in wanted.roots()])
    number = 0
    batches = iter(data.iter(BATCH_ROWS))
    while (batch := _next(batches, name)) is not None:
        length = len(next(iter(batch.values())))
        for at in range(length):
            held = {column: values[at] for column, values in batch.items()}
            yield row(held, wanted, f"{name}:{number + at}")
        number += length
        told(size * length // max(1, len(data)) if size else 0)


def _next(batches: Iterator[dict[str, Any]], name: str) -> dict[str, Any] | None:
    try:
        return next(batches, None)
    except Exception as error:
        raise _unreachable(name, error) from error
