"""The report in a real browser: it asks for nothing, complains of nothing and shows everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.cuts import load
from archive.report import CUTS, collect, write
from archive.report.sections import TITLES
from tests.report import snapshots
from tests.report.browser import BASH, CHROMIUM, browse
from tests.report.reading import Reader

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and BASH), reason="needs Chromium and bash, and one is not installed"
)


@pytest.mark.parametrize("made", ["crawl", "hostile"])
def test_a_report_needs_no_network_and_no_script(made: str, tmp_path: Path) -> None:
    con = snapshots.crawl() if made == "crawl" else snapshots.hostile()
    cuts = [load(name) for name in CUTS]
    path = tmp_path / "report.html"
    write(collect(con, snapshots.manifest(tmp_path / "made"), cuts), path)
    seen = browse(path, tmp_path / "profile")
    assert seen.requests == (path.as_uri(),)
    assert seen.complaints == ()
    read = Reader(seen.document)
    assert [i for i in read.ids if i in TITLES] == list(TITLES)
    assert "<title>Snapshot web@1</title>" in seen.document
    assert not {"script", "img", "iframe"} & read.tags


def test_a_page_that_asks_and_complains_is_seen_to(tmp_path: Path) -> None:
    """Else the test above could not fail."""
    path = tmp_path / "page.html"
    path.write_text("<img src=http://a.example/x.png><script>console.error('ouch')</script>")
    seen = browse(path, tmp_path / "profile")
    assert seen.requests == (path.as_uri(), "http://a.example/x.png")
    assert any("ouch" in line for line in seen.complaints)
