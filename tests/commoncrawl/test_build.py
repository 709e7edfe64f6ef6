"""A crawl by name: the same root over http, from S3 and from the files on disk."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import archive
from archive.commoncrawl import named
from archive.commoncrawl.extract import is_extract
from archive.commoncrawl.named import Choice, parse, resolve, selection
from archive.commoncrawl.places import Base, base_of
from archive.errors import EnvironmentFailed, UsageError
from archive.remote import Politeness, polite, politely
from archive.snapshot import Snapshot
from archive.verify import verify
from tests.commoncrawl.layout import CRAWL, Layout, Page, make
from tests.servers import Still, Web, cut, says, web

GAELIC = "content_languages like '%gla%' and url_host_tld = 'scot'"
WARC, WET = f"cc:{CRAWL}", f"wet:{CRAWL}"


@pytest.fixture(autouse=True)
def _impatient() -> Iterator[None]:
    with politely(Politeness(clock=Still(), bytes_per_second=None, attempts=3)):
        yield


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Layout, Web]]:
    """The layout on disk, and served over http."""
    layout = make(tmp_path_factory.mktemp("crawl") / "cc")
    with web() as served:
        for path in layout.folder.rglob("*"):
            if path.is_file():
                served.put(path.relative_to(layout.folder).as_posix(), path.read_bytes())
        yield layout, served


@pytest.fixture(scope="module")
def on_s3(site: tuple[Layout, Web]) -> Iterator[str]:
    """The layout in a bucket of a real S3 server."""
    pytest.importorskip("s3fs")
    pytest.importorskip("moto")
    from tests.servers import s3

    layout, _ = site
    with s3() as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        import botocore.session

        client = botocore.session.get_session().create_client("s3")
        client.create_bucket(Bucket="commoncrawl")
        for path in layout.folder.rglob("*"):
            if path.is_file():
                key = path.relative_to(layout.folder).as_posix()
                client.put_object(Bucket="commoncrawl", Key=key, Body=path.read_bytes())
        yield "s3://commoncrawl/"


def built(
    store: Path, base: str, *patterns: str, choice: Choice | None = None, **options: Any
) -> Snapshot:
    chosen = replace(choice or Choice(), base=base)
    return archive.build(patterns, "web", store, choice=chosen, **{"annotate": False, **options})


def urls(snapshot: Snapshot) -> list[str]:
    return sorted(row["url"] for row in snapshot.documents(["url"]))


CHOICES = {
    "all WARC": (WARC, Choice()),
    "all WET": (WET, Choice()),
    "some files": (WARC, Choice(files=2, seed=3)),
    "a selection": (WARC, Choice(where=GAELIC)),
    "a selection in some files": (WARC, Choice(where="url_host_tld = 'scot'", files=1)),
}


@pytest.mark.parametrize("kind", CHOICES)
def test_the_root_is_the_same_over_http_and_from_disk(
    site: tuple[Layout, Web], tmp_path: Path, kind: str
) -> None:
    layout, served = site
    pattern, choice = CHOICES[kind]
    local = built(tmp_path / "local", str(layout.folder), pattern, choice=choice)
    remote = built(tmp_path / "remote", served.url, pattern, choice=choice)
    assert local.manifest.documents > 0
    assert remote.content_root == local.content_root
    assert remote.manifest.outcomes == local.manifest.outcomes
    assert [i.name for i in remote.manifest.inputs] == [i.name for i in local.manifest.inputs]


@pytest.mark.parametrize("kind", ["all WARC", "a selection"])
def test_the_root_is_the_same_from_s3_and_from_disk(
    site: tuple[Layout, Web], on_s3: str, tmp_path: Path, kind: str
) -> None:
    layout, _ = site
    pattern, choice = CHOICES[kind]
    local = built(tmp_path / "local", str(layout.folder), pattern, choice=choice)
    assert built(tmp_path / "s3", on_s3, pattern, choice=choice).content_root == local.content_root


def test_workers_of_their_own_make_the_same_of_a_selection(
    site: tuple[Layout, Web], tmp_path: Path
) -> None:
    layout, served = site
    choice = Choice(where=GAELIC)
    one = built(tmp_path / "one", str(layout.folder), WARC, choice=choice)
    two = built(tmp_path / "two", served.url, WARC, choice=choice, workers=2)
    assert two.content_root == one.content_root


def test_files_by_a_crawls_name_are_the_files_themselves(
    site: tuple[Layout, Web], tmp_path: Path
) -> None:
    layout, _ = site
    named = built(tmp_path / "named", str(layout.folder), WARC)
    paths = [str(layout.folder / path) for path in layout.warcs.values()]
    plain = archive.build(paths, "web", tmp_path / "plain", annotate=False)
    assert named.content_root == plain.content_root
    assert named.manifest.inputs == plain.manifest.inputs


def test_an_extract_on_disk_gives_the_root_of_its_selection(
    site: tuple[Layout, Web], tmp_path: Path
) -> None:
    layout, _ = site
    base = base_of(str(layout.folder))
    selected = built(tmp_path / "s", base.location, WARC, choice=Choice(where=GAELIC))
    kind, crawl = parse(WARC)
    from archive.commoncrawl.extract import write

    made = [
        str(write(each, base, tmp_path / "extracts"))
        for each in selection(kind, crawl, Choice(where=GAELIC), base)
    ]
    plain = archive.build(made, "web", tmp_path / "plain", annotate=False)
    assert plain.content_root == selected.content_root
    assert all(is_extract(entry.name) for entry in selected.manifest.inputs)


def test_a_selection_has_the_documents_that_its_index_selected_and_their_grades(
    site: tuple[Layout, Web], tmp_path: Path
) -> None:
    layout, _ = site
    whole = built(tmp_path / "whole", str(layout.folder), WARC)
    some = built(tmp_path / "some", str(layout.folder), WARC, choice=Choice(where=GAELIC))
    expected = {r["url"] for r in layout.rows if "gla" in r["content_languages"]}
    assert set(urls(some)) == expected
    kept = ("url", "text", "captured_at", "crawl", "grade", "grade_reasons", "record_id")
    rows = {row["url"]: row for row in whole.documents(kept)}
    assert all(row == rows[row["url"]] for row in some.documents(kept))
    assert all(row["crawl"] == CRAWL for row in some.documents(["crawl"]))


def test_only_the_ranges_of_selected_records_are_read(
    tmp_path: Path, site: tuple[Layout, Web]
) -> None:
    random_page = random.Random(5).randbytes(400_000).hex()
    pages = [Page(f"http://example.org/{n}", f"Page {n}. {random_page}") for n in range(4)]
    few = Page("http://alba.scot/", "Duilleag bheag am measg nan duilleagan mòra.", "gla")
    layout = make(tmp_path / "large", pages={"00009": [*pages[:2], few, *pages[2:]]})
    _, served = site
    for path in layout.folder.rglob("*"):
        if path.is_file():
            name = path.relative_to(layout.folder).as_posix()
            served.put(f"large/{name}", path.read_bytes())
    served.asked.clear()
    snapshot = built(tmp_path / "store", f"{served.url}/large", WARC, choice=Choice(where=GAELIC))
    assert urls(snapshot) == ["http://alba.scot/"]
    asked = [each for each in served.asked if each.path.endswith(".warc.gz")]
    size = (layout.folder / layout.warcs["00009"]).stat().st_size
    read = sum(length_of(each.range) for each in asked)
    assert size > 1_000_000
    assert read < 10_000


def length_of(header: str | None) -> int:
    assert header
    first, last = header.removeprefix("bytes=").split("-")
    return int(last) - int(first) + 1


def test_a_server_that_stutters_costs_time_and_changes_nothing(
    site: tuple[Layout, Web], tmp_path: Path
) -> None:
    layout, served = site
    local = built(tmp_path / "local", str(layout.folder), WARC, choice=Choice(where=GAELIC))
    served.behave(f"crawl-data/{CRAWL}/cc-index-table.paths.gz", says(503), cut(20))
    for path in served.files:
        if path.endswith(".parquet"):
            served.behave(path, says(503))
        elif path.endswith(".warc.gz"):
            served.behave(path, says(503), cut(5))
    remote = built(tmp_path / "remote", served.url, WARC, choice=Choice(where=GAELIC))
    assert remote.content_root == local.content_root


def test_a_record_that_is_not_what_the_index_says_is_reported_and_ledgered(tmp_path: Path) -> None:
    layout = make(tmp_path / "cc")
    wrong = layout.row("http://alba.scot/muir")
    wrong["content_digest"] = "A" * 32
    beyond = layout.row("http://lochan.scot/eun")
    beyond["warc_record_offset"] = 1 << 30
    layout.write_index()
    snapshot = built(tmp_path / "s", str(layout.folder), WARC, choice=Choice(where=GAELIC))
    assert urls(snapshot) == ["http://alba.scot/taigh"]
    found = snapshot.disagreeing()
    assert [(each["url"], each["file"]) for each in found] == [
        (row["url"], row["warc_filename"]) for row in (wrong, beyond)
    ]
    assert "payload mismatch" in found[0]["problem"]
    assert "the file has" in found[1]["problem"]
    said = "select count(*) from ledger where contains(said, 'problem')"
    assert snapshot.sql(said).rows == [(2,)]


def test_a_build_of_whole_files_reports_no_disagreement(
    site: tuple[Layout, Web], tmp_path: Path
) -> None:
    layout, _ = site
    assert built(tmp_path / "s", str(layout.folder), WARC).disagreeing() == []


def test_a_selection_leaves_nothing_in_the_work_folder_and_verifies(
    site: tuple[Layout, Web], tmp_path: Path
) -> None:
    _, served = site
    choice = Choice(where=GAELIC)
    snapshot = built(
        tmp_path / "s", served.url, WARC, choice=choice, keep_originals=True, annotate=True
    )
    work = snapshot.store.work
    for folder in ("fetched", "selections"):
        assert not (work / folder).exists() or list((work / folder).iterdir()) == []
    assert verify(snapshot.store, "web").ok
    again = archive.rebuild("web", tmp_path / "s")
    assert again.content_root == snapshot.content_root


def test_a_selection_over_a_cdxj_file_has_the_same_documents(
    site: tuple[Layout, Web], tmp_path: Path
) -> None:
    layout, served = site
    index = f"{served.url}/cc-index/collections/{CRAWL}/indexes/cdx-00000.gz"
    columnar = built(tmp_path / "a", str(layout.folder), WARC, choice=Choice(where=GAELIC))
    listed = built(tmp_path / "b", served.url, WARC, choice=Choice(where=GAELIC, index=index))
    assert listed.content_root == columnar.content_root


def test_shares_of_a_selection_make_what_the_build_takes_up(
    site: tuple[Layout, Web], tmp_path: Path
) -> None:
    layout, served = site
    choice = Choice(where=GAELIC, base=served.url)
    whole = built(tmp_path / "whole", str(layout.folder), WARC, choice=choice)
    for shard in ("1/2", "2/2"):
        made = archive.build_share(
            [WARC], "web", tmp_path / "s", shard=shard, choice=choice, annotate=False
        )
        assert made.inputs == 1
    assert built(tmp_path / "s", served.url, WARC, choice=choice).content_root == whole.content_root


def test_shares_of_a_store_keep_to_one_limit_while_they_choose_too(
    site: tuple[Layout, Web], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, _ = site
    seen: list[str | None] = []

    def watched(*arguments: Any) -> Any:
        seen.append(polite().limits)
        return resolve(*arguments)

    monkeypatch.setattr(named, "resolve", watched)
    choice = Choice(base=str(layout.folder), files=1)
    for shard in ("1/1", "1/1"):
        archive.build_share([WET], "web", tmp_path / "s", shard=shard, choice=choice)
    assert seen == [None, str(tmp_path / "s/work/limits")]


@pytest.mark.parametrize(
    ("patterns", "choice", "message"),
    [
        (["x.warc"], Choice(where="true"), "none is named"),
        (["x.warc"], Choice(files=3), "none is named"),
        ([WET], Choice(where=GAELIC), "not in WET"),
        ([WARC], Choice(where="url_host_tld = 'none'"), "meets the selection"),
        ([WARC], Choice(where="url = '" + "x" * 9000 + "'"), "more than 8,192 bytes"),
        ([WARC], Choice(where="url = '\udcff'"), "half a character"),
        (["cc:CC-MAIN-1999-01"], Choice(), "unknown crawl"),
        (["wet:CC-MAIN-2012"], Choice(), "no list of WET files"),
        (["cc:CC-MAIN-2012"], Choice(), "no list of ARC files"),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused(
    site: tuple[Layout, Web], patterns: list[str], choice: Choice, message: str
) -> None:
    layout, _ = site
    with pytest.raises(UsageError, match=message):
        resolve(patterns, replace(choice, base=str(layout.folder)))


@pytest.mark.parametrize("files", [0, -1])
def test_a_choice_of_no_files_is_refused(files: int) -> None:
    with pytest.raises(UsageError, match=f"files is {files}"):
        Choice(files=files)


def test_an_index_of_another_crawl_is_refused(site: tuple[Layout, Web], tmp_path: Path) -> None:
    layout, _ = site
    index = tmp_path / "index.cdxj"
    index.write_text("\n".join(layout.cdxj()))
    with pytest.raises(archive.LowbgError, match="CC-MAIN-2019-39"):
        resolve(["cc:CC-MAIN-2019-39"], Choice(index=str(index), base=str(layout.folder)))


def test_crawls_and_files_can_be_named_together_each_once(
    site: tuple[Layout, Web], tmp_path: Path
) -> None:
    layout, _ = site
    own = str(layout.folder / layout.wets["00000"])
    patterns = [WARC, own, WARC]
    plain, extracts = resolve(patterns, Choice(base=str(layout.folder)))
    assert plain == [*(str(layout.folder / path) for path in layout.warcs.values()), own]
    assert extracts == []


def test_a_file_that_the_list_names_and_the_server_has_not_is_an_error(
    site: tuple[Layout, Web], tmp_path: Path
) -> None:
    layout = make(tmp_path / "cc")
    with web() as served:
        for path in layout.folder.rglob("*"):
            if path.is_file() and "00001.warc.gz" not in path.name:
                served.put(path.relative_to(layout.folder).as_posix(), path.read_bytes())
        for choice in (Choice(), Choice(where=GAELIC)):
            with pytest.raises(EnvironmentFailed, match=r"00001\.warc\.gz"):
                built(tmp_path / "s", served.url, WARC, choice=choice)
    assert not (tmp_path / "s/refs").exists() or not list((tmp_path / "s/refs").iterdir())


def test_the_order_of_an_extract_is_plain_json(tmp_path: Path, site: tuple[Layout, Web]) -> None:
    layout, _ = site
    _, extracts = resolve([WARC], Choice(where=GAELIC, base=str(layout.folder)))
    order = extracts[0].order(tmp_path)
    ordered = json.loads(Path(order.location.partition("://")[2]).read_bytes())
    assert Base(ordered["base"]) == base_of(str(layout.folder))
    assert [row[2] for row in ordered["extract"]["rows"]] == [
        "http://alba.scot/taigh",
        "http://alba.scot/muir",
    ]
