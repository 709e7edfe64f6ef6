"""Snapshots that the tests of feeds share."""

from __future__ import annotations

import pytest

from archive.manifest import Manifest
from archive.store.local import Store
from tests.feed.snapshots import make_snapshot

Made = tuple[Store, Manifest]


@pytest.fixture(scope="session")
def many_parts(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """313 documents in 14 parts, so 12 blocks and windows of several of them."""
    rows = (40, 7, 0, 50, 3, 31, 1, 18, 64, 2, 0, 22, 9, 66)
    return make_snapshot(tmp_path_factory.mktemp("many") / "store", rows)


@pytest.fixture(scope="session")
def long_part(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """9,100 documents in two parts whose row groups do not end where the blocks do."""
    return make_snapshot(tmp_path_factory.mktemp("long") / "store", (9000, 100), group_rows=1500)
