"""A replay run as a corpus: what the models of all its generations wrote."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from archive.audit.items import Corpus, Item, Row, Told
from archive.errors import UsageError

BATCH_BLOCKS: Final = 256


def generations(path: Path) -> Iterator[Corpus]:
    """The texts of every finished stage of a run, a document a block, as its scribe reads them.

    Seeds, mixes and generations are not told apart: all of it is synthetic.
    """
    stages = sorted(each.parent for each in (path / "stages").glob("*/text.npy"))
    if not stages:
        raise UsageError(
            f"no model of the run {path} has written anything",
            next_step="finish it: 'lowbg replay run' goes on where it was",
        )
    size = sum((stage / "text.npy").stat().st_size for stage in stages)
    yield Corpus(str(path), "replay", size, partial(_rows, path, stages))


def _rows(path: Path, stages: list[Path], told: Told) -> Iterator[Row]:
    from archive.replay.chain import read_text
    from archive.replay.corpus import Corpus as Learnt
    from archive.replay.folder import Folder

    folder = Folder(path)
    scribe = Learnt.load(folder.stage(folder.read("run.json")["plan"]["corpus"])).scribe
    for stage in stages:
        blocks = read_text(folder, stage.name)
        for begin in range(0, len(blocks), BATCH_BLOCKS):
            for number, text in enumerate(scribe.read(blocks[begin : begin + BATCH_BLOCKS]), begin):
                columns = {"source": path.name, "stage": stage.name}
                yield Item(text, columns, f"{path}:{stage.name[:12]}:{number}")
        told((stage / "text.npy").stat().st_size)
