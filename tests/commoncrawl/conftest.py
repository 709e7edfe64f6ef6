"""A local copy of Common Crawl's layout, and a cache of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.commoncrawl import crawls
from archive.commoncrawl.crawl import Crawl
from archive.commoncrawl.places import Base, base_of
from tests.commoncrawl.layout import CRAWL, Layout, make


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWBG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LOWBG_CC_BASE", raising=False)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make(tmp_path / "cc")


@pytest.fixture
def base(layout: Layout) -> Base:
    return base_of(str(layout.folder))


@pytest.fixture
def crawl() -> Crawl:
    return crawls.find(CRAWL)
