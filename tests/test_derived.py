"""Signals and duplicates of a build: derived, checked, made again, outside the content root."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import archive
from archive import cuts
from archive.digest import sha256_file
from archive.errors import UsageError
from archive.packs import Sizes, pack
from archive.query import connection
from archive.verify import verify
from tests import warcs
from tests.archives import STORIES, page, write_crawl


@pytest.fixture
def crawl(tmp_path: Path) -> list[str]:
    return write_crawl(tmp_path / "crawl")


def test_every_document_has_one_row_of_signals(crawl: list[str], tmp_path: Path) -> None:
    web = archive.build(crawl, "web", tmp_path / "store")
    rows = web.sql("select count(*), count(signals.id) from documents full join signals using (id)")
    assert rows.rows == [(web.manifest.documents,) * 2]
    scripts = web.sql("select distinct script from signals order by 1").rows
    assert {"Cyrl", "Grek", "Latn"} <= {script for (script,) in scripts}


def test_the_root_is_the_same_with_and_without_annotations(
    crawl: list[str], tmp_path: Path
) -> None:
    with_them = archive.build(crawl, "web", tmp_path / "with")
    without = archive.build(crawl, "web", tmp_path / "without", annotate=False)
    assert with_them.content_root == without.content_root
    assert (without.manifest.duplicates, without.manifest.parts[0].signals) == (None, None)
    assert verify(without.store).findings == ()


def test_annotate_adds_a_version_that_shares_its_documents(
    crawl: list[str], tmp_path: Path
) -> None:
    bare = archive.build(crawl, "web", tmp_path / "store", annotate=False)
    for path in crawl:
        Path(path).unlink()
    made = archive.annotate("web", tmp_path / "store")
    assert (made.reference, made.content_root) == ("web@2", bare.content_root)
    assert [p.documents for p in made.manifest.parts] == [p.documents for p in bare.manifest.parts]
    assert made.manifest.annotations["signals"]
    assert verify(made.store).findings == ()


def test_signals_and_duplicates_do_not_depend_on_workers_or_order(
    crawl: list[str], tmp_path: Path
) -> None:
    one = archive.build(crawl, "web", tmp_path / "one").manifest
    two = archive.build(crawl[::-1], "web", tmp_path / "two", workers=2).manifest
    assert [part.signals for part in one.parts] == [part.signals for part in two.parts]
    assert one.duplicates == two.duplicates


def test_the_earliest_capture_is_first_whatever_version_brought_it(tmp_path: Path) -> None:
    late, early = tmp_path / "late.warc", tmp_path / "early.warc"
    late.write_bytes(page("tide", date="2012-01-01T00:00:00Z", host="copy.example"))
    early.write_bytes(page("tide", date="2005-01-01T00:00:00Z", host="source.example"))
    archive.build([str(late)], "web", tmp_path / "store")
    both = archive.build([str(late), str(early)], "web", tmp_path / "store")
    rows = both.sql(
        "select host, is_first from duplicates join documents using (id) order by is_first"
    ).rows
    assert rows == [("copy.example", False), ("source.example", True)]


def test_clean_is_what_a_cut_keeps_and_only_first_captures(tmp_path: Path) -> None:
    spam = warcs.html_page("Lorem ipsum dolor sit amet consectetur. " * 30, title="spam")
    inputs = tmp_path / "in.warc"
    inputs.write_bytes(
        page("tide")
        + page("tide", date="2015-01-01T00:00:00Z", host="copy.example")
        + warcs.warc_record("response", "http://example.org/spam", block=spam)
    )
    web = archive.build([str(inputs)], "web", tmp_path / "store")
    counts, titles = {}, {}
    for name in ("everything", "first", "preserve"):
        clean = cuts.define_clean(web.manifest, cuts.load(name))
        with connection.connect(web.store, web.manifest, clean=clean) as con:
            titles[name] = {title for (title,) in con.execute("select title from clean").fetchall()}
            counts[name] = con.execute("select count(*) from clean").fetchall()
    assert counts["everything"] == [(3,)]
    assert counts["first"] == [(2,)]
    assert titles["preserve"] == {"tide"}


def test_a_cut_over_a_version_without_signals_says_what_to_do(
    crawl: list[str], tmp_path: Path
) -> None:
    bare = archive.build(crawl, "web", tmp_path / "store", annotate=False)
    with pytest.raises(UsageError) as caught:
        cuts.define_clean(bare.manifest, cuts.load("gopher"))
    assert "lowbg annotate web@1" in caught.value.next_step


def test_signals_of_other_documents_are_found_by_verify(tmp_path: Path) -> None:
    names = list(STORIES)[:2]
    paths = [tmp_path / f"{name}.warc" for name in names]
    for name, path in zip(names, paths, strict=True):
        path.write_bytes(page(name))
    web = archive.build([str(path) for path in paths], "web", tmp_path / "store")
    one, two = web.manifest.parts
    swapped = (replace(one, signals=two.signals), replace(two, signals=one.signals))
    web.store.commit(replace(web.manifest, parts=swapped), {}, "swapped")
    findings = verify(web.store, "web@2").findings
    assert [finding.kind for finding in findings] == ["corrupt"] * 2
    assert verify(web.store, "web@1").findings == ()


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize("again", ["build", "annotate"])
def test_signals_that_rotted_or_are_gone_are_computed_again(
    again: str, gone: bool, crawl: list[str], tmp_path: Path
) -> None:
    web = archive.build(crawl, "web", tmp_path / "store")
    signals = web.manifest.parts[0].signals
    assert signals
    path = web.store.object_path(signals.sha256)
    path.chmod(0o644)
    path.write_bytes(bytes(signals.bytes))
    if gone:
        path.unlink()
    if again == "build":
        made = archive.build(crawl, "web", tmp_path / "store")
    else:
        made = archive.annotate("web", tmp_path / "store")
    assert made.manifest.parts == web.manifest.parts
    assert verify(web.store).findings == ()


def test_signals_of_no_document_are_found_by_verify(crawl: list[str], tmp_path: Path) -> None:
    """Also behind the last slice of a file that parts share, where no part would meet them."""
    web = archive.build(crawl, "web", tmp_path / "store")
    packed, staged = pack(web.manifest.parts, web.store.check, tmp_path / "packs", Sizes(few=0))
    of = packed[0].signals
    assert of
    rows = pq.read_table(staged[of.sha256])
    for number, wrong in enumerate((rows.slice(0, len(rows) - 1), pa.concat_tables([rows, rows]))):
        path = tmp_path / f"{number}.parquet"
        pq.write_table(wrong, path)
        sha256, size = sha256_file(path), path.stat().st_size
        parts = tuple(
            replace(p, signals=replace(p.signals, sha256=sha256, bytes=size))
            for p in packed
            if p.signals
        )
        draft = replace(web.manifest, parts=parts)
        made = web.store.commit(draft, {**staged, sha256: path}, "wrong")
        (finding,) = verify(web.store, f"web@{made.version}").findings
        assert (finding.kind, finding.expected) == ("corrupt", f"rows: {len(rows)}")
        assert len(finding.inputs) == len(parts)
