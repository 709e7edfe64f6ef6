"""Snapshots to export, and the interpreter that has other projects' readers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archive.manifest import Manifest
from archive.store.local import Store
from tests.feed.snapshots import make_snapshot


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Manifest]:
    """147 documents in 5 parts."""
    rows = (40, 7, 0, 90, 10)
    return make_snapshot(tmp_path_factory.mktemp("exported") / "store", rows)


@pytest.fixture(scope="session")
def peers() -> str:
    """A Python that has mosaicml-streaming and mlcroissant, which want other versions of numpy."""
    python = os.environ.get("LOWBG_PEERS_PYTHON", "")
    if not Path(python).is_file():
        pytest.skip("LOWBG_PEERS_PYTHON names no Python with mosaicml-streaming and mlcroissant")
    return python
