"""Through other people's loaders: torchdata's StatefulDataLoader and Hugging Face Accelerate."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from archive.feed.cut import choose
from archive.feed.hf import to_datasets
from archive.feed.stream import for_torch
from tests.feed.conftest import Made
from tests.feed.test_feed import feed, ids
from tests.feed.test_torch import batches, flat

stateful = pytest.importorskip("torchdata.stateful_dataloader")

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def stateful_loader(made: Made, kind: str, workers: int) -> Any:
    """A StatefulDataLoader over the same documents, as a feed or as a streamed dataset."""
    data: Any = feed(made)
    if kind == "feed":
        for_torch(data)
    else:
        data = to_datasets(*made, choose(*made), ["id"], streaming=True)
    return stateful.StatefulDataLoader(data, batch_size=8, num_workers=workers)


@pytest.mark.parametrize("kind", ["feed", "datasets"])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_stateful_dataloader_goes_on_where_its_state_was_saved(
    many_parts: Made, kind: str, workers: int
) -> None:
    whole = flat(batches(stateful_loader(many_parts, kind, workers)))
    assert sorted(whole) == sorted(ids(feed(many_parts)))
    begun = stateful_loader(many_parts, kind, workers)
    given = flat(batches(begun, 17))
    resumed = stateful_loader(many_parts, kind, workers)
    resumed.load_state_dict(begun.state_dict())
    assert given + flat(batches(resumed)) == whole


ACCELERATED = """
import json, sys
import torch
from accelerate import Accelerator
import archive

accelerator = Accelerator(cpu=True)
web = archive.open("web", sys.argv[1])
for data in web.feed(columns=["id"], seed=7), web.to_datasets(columns=["id"], streaming=True):
    loader = torch.utils.data.DataLoader(data, batch_size=8)
    loader = accelerator.prepare_data_loader(loader, device_placement=False)
    seen = [each for batch in loader for each in batch["id"]]
    print(json.dumps([type(data).__name__, accelerator.process_index, seen]), flush=True)
"""


def test_two_accelerated_processes_share_the_documents_out(
    many_parts: Made, tmp_path: Path
) -> None:
    script = tmp_path / "train.py"
    script.write_text(ACCELERATED)
    launch = ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--standalone", str(script)]
    here = {"HF_HOME": str(tmp_path), "PYTHONPATH": os.getcwd(), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *launch, str(many_parts[0].root)],
        capture_output=True,
        text=True,
        env={**os.environ, **here, "ACCELERATE_USE_CPU": "true"},
    )
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    by_kind = {
        kind: [seen for name, _, seen in sorted(said) if name == kind]
        for kind in ("Feed", "IterableDataset")
    }
    # Accelerate knows how to split what `datasets` streams: block by block, each document once.
    whole = ids(feed(many_parts))
    assert sorted(chain(*by_kind["IterableDataset"])) == sorted(whole)
    # Of other iterables each process takes every second batch. 313 documents are 19 rounds of two
    # batches of 8 and 9 documents; the last round is filled up with the epoch's first documents.
    zero, one = by_kind["Feed"]
    assert len(zero) == len(one) == 160
    assert set(zero) | set(one) == set(whole)
