"""Snapshots to export."""

from __future__ import annotations

import pytest

from archive.manifest import Manifest
from archive.store.local import Store
from tests.feed.snapshots import make_snapshot


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Manifest]:
    """147 documents in 5 parts."""
    rows = (40, 7, 0, 90, 10)
    return make_snapshot(tmp_path_factory.mktemp("exported") / "store", rows)
