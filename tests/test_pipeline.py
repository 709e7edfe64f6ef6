"""Laws of a build: each record one outcome, each byte a row, one root whatever happens."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import archive
from archive import parts
from archive.errors import UnknownName, UsageError
from archive.store.local import Store
from archive.verify import verify
from tests import warcs
from tests.archives import page, write_crawl

OUTCOMES = {
    "kept": 7,
    "supporting": 1,
    "not-text": 1,
    "redirect": 1,
    "not-ok": 1,
    "empty": 1,
    "after-cutoff": 1,
    "undated": 1,
    "revisit": 1,
    "unresolved": 1,
}


@pytest.fixture
def crawl(tmp_path: Path) -> list[str]:
    return write_crawl(tmp_path / "crawl")


def tree(store: Path) -> dict[str, bytes]:
    """Every committed file of a store; the work folder holds only what is unfinished."""
    return {
        str(path.relative_to(store)): path.read_bytes()
        for path in store.rglob("*")
        if path.is_file() and "work" not in path.relative_to(store).parts
    }


def test_every_record_has_one_outcome_and_every_byte_a_row(
    crawl: list[str], tmp_path: Path
) -> None:
    web = archive.build(crawl, "web", tmp_path / "store")
    assert web.manifest.outcomes == OUTCOMES
    assert web.manifest.records == sum(OUTCOMES.values())
    sizes = {Path(path).name: Path(path).stat().st_size for path in crawl}
    assert {entry.name: entry.accounted for entry in web.manifest.inputs} == sizes
    assert web.verify().findings == ()


def test_a_document_says_where_it_comes_from(crawl: list[str], tmp_path: Path) -> None:
    web = archive.build(crawl, "web", tmp_path / "store")
    tide = next(d for d in web.documents() if d["url"] == "http://example.org/tide")
    assert "The tide table hung" in tide["text"]
    assert (tide["host"], tide["registered_domain"], tide["year"]) == ("example.org",) * 2 + (2008,)
    assert (tide["charset"], tide["title"], tide["crawl"]) == ("utf-8", "tide", "TEST-1")
    assert tide["grade"] == "consistent"
    assert "ok" in tide["digests"]
    source = next(i for i in web.manifest.inputs if i.source == tide["source"])
    record = next(Path(p) for p in crawl if p.endswith(source.name)).read_bytes()[
        tide["offset"] : tide["offset"] + tide["length"]
    ]
    assert b"http://example.org/tide" in gzip.decompress(record)


def test_a_revisit_is_resolved_across_inputs_or_ledgered_as_unresolved(
    crawl: list[str], tmp_path: Path
) -> None:
    web = archive.build(crawl, "web", tmp_path / "store")
    rows = web.sql(
        "select l.url, l.outcome, d.url from ledger l left join documents d on d.id = l.document"
        " where l.type = 'revisit' order by 1"
    ).rows
    assert [tuple(row) for row in rows] == [
        ("http://example.org/lost", "unresolved", None),
        ("http://example.org/tide", "revisit", "http://example.org/tide"),
    ]


def test_the_root_depends_on_neither_order_nor_names_nor_workers(
    crawl: list[str], tmp_path: Path
) -> None:
    roots = {archive.build(crawl, "web", tmp_path / "one").content_root}
    roots.add(archive.build(crawl[::-1], "web", tmp_path / "two", workers=2).content_root)
    renamed = [str(Path(path).rename(tmp_path / f"renamed-{n}")) for n, path in enumerate(crawl)]
    roots.add(archive.build(renamed, "other", tmp_path / "three").content_root)
    assert len(roots) == 1


@pytest.mark.parametrize(
    "surroundings",
    [
        {"TZ": "Pacific/Chatham", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
        {"TZ": "America/St_Johns", "LC_ALL": "POSIX", "PYTHONHASHSEED": "2", "PYTHONUTF8": "0"},
    ],
)
def test_the_root_depends_on_neither_zone_nor_locale(
    crawl: list[str], tmp_path: Path, surroundings: dict[str, str]
) -> None:
    here = archive.build(crawl, "web", tmp_path / "here").content_root
    there = build_elsewhere(crawl, tmp_path / "there", surroundings)
    assert there.wait() == 0
    assert archive.open("web", tmp_path / "there").content_root == here


def build_elsewhere(
    crawl: list[str], store: Path, surroundings: dict[str, str], workers: int = 1
) -> subprocess.Popen[bytes]:
    """A build in a process of its own, through the command."""
    command = [sys.executable, "-m", "archive", "build", *crawl, "--name", "web"]
    command += ["--store", str(store), "--workers", str(workers), "--json"]
    return subprocess.Popen(
        command, env=os.environ | surroundings, stdout=subprocess.DEVNULL, start_new_session=True
    )


def kill_and_resume(crawl: list[str], tmp_path: Path, moments: list[float]) -> None:
    whole = archive.build(crawl, "web", tmp_path / "whole").content_root
    store = tmp_path / "killed"
    for moment in moments:
        process = build_elsewhere(crawl, store, {}, workers=2)
        time.sleep(moment)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if (store / "FORMAT").exists():
            assert verify(Store(store)).findings == ()
    assert archive.build(crawl, "web", store).content_root == whole
    assert archive.open("web", store).verify().findings == ()


def test_a_build_killed_at_any_moment_resumes_to_the_same_root(
    crawl: list[str], tmp_path: Path
) -> None:
    kill_and_resume(crawl, tmp_path, [0.2, 0.6, 0.9, 1.2])


@pytest.mark.slow
def test_a_build_killed_at_twenty_random_moments_resumes_to_the_same_root(
    crawl: list[str], tmp_path: Path
) -> None:
    kill_and_resume(crawl, tmp_path, [random.uniform(0.1, 3.0) for _ in range(20)])


def test_a_second_build_adds_a_version_and_makes_only_what_is_new(
    crawl: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    first = archive.build(crawl, "web", store)
    third = tmp_path / "crawl/third.warc"
    third.write_bytes(page("letter", date="2012-12-12T00:00:00Z", host="third.example"))
    made: list[str] = []
    monkeypatch.setattr("archive.parts._write_part", _counting(made))
    second = archive.build([*crawl, str(third)], "web", store)
    assert made == ["third.warc"]
    assert (second.reference, second.manifest.parent) == (
        "web@2",
        first.store.manifest_sha256("web", 1),
    )
    assert all(part in second.manifest.parts for part in first.manifest.parts)
    assert archive.open("web@1", store).content_root == first.content_root
    assert second.verify().findings == ()


def _counting(made: list[str]) -> Callable[..., dict[str, Any]]:
    """The making of a part, as it is, that leaves the names of its inputs in `made`."""
    real = parts._write_part

    def write(task: dict[str, Any], *arguments: Any) -> dict[str, Any]:
        made.append(task["name"])
        return real(task, *arguments)

    return write


def test_a_finished_part_of_a_killed_build_is_not_made_again(
    crawl: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    monkeypatch.setattr("archive.store.local.Store.commit", _fail)
    with pytest.raises(OSError, match="pulled"):
        archive.build(crawl, "web", store)
    monkeypatch.undo()
    made: list[str] = []
    monkeypatch.setattr("archive.parts._write_part", _counting(made))
    assert archive.build(crawl, "web", store).verify().findings == ()
    assert made == []


def _fail(*arguments: object) -> None:
    raise OSError("the plug was pulled")


def test_the_work_folder_is_empty_after_a_build(crawl: list[str], tmp_path: Path) -> None:
    archive.build(crawl, "web", tmp_path / "store", keep_originals=True)
    work = tmp_path / "store/work"
    files = [path for path in work.rglob("*") if path.is_file() and path.stat().st_size]
    left = {path.relative_to(work).parts[0] for path in files}
    assert left == {"duplicates-cache"}, "only what the next version's duplicates are found by"


def test_the_same_bytes_under_two_names_count_once(crawl: list[str], tmp_path: Path) -> None:
    twin = tmp_path / "crawl/twin.warc.gz"
    twin.write_bytes(Path(crawl[0]).read_bytes())
    web = archive.build([*crawl, str(twin)], "web", tmp_path / "store")
    assert web.manifest.outcomes == OUTCOMES
    twins = {entry.name: entry.duplicate_of for entry in web.manifest.inputs}
    assert twins == {"first.warc.gz": None, "second.warc": None, "twin.warc.gz": "first.warc.gz"}


def test_damage_is_reported_by_file_offset_and_reason(tmp_path: Path) -> None:
    members = [warcs.gzip_member(record) for record in (page("tide"), page("bread"), page("radio"))]
    torn = bytearray(members[1])
    torn[len(torn) // 2] ^= 0x10
    path = tmp_path / "torn.warc.gz"
    path.write_bytes(members[0] + bytes(torn) + members[2])
    web = archive.build([str(path)], "web", tmp_path / "store")
    (damage,) = web.damaged()
    assert damage["file"] == "torn.warc.gz"
    assert (damage["offset"], damage["length"]) == (len(members[0]), len(members[1]))
    assert damage["reason"]
    assert {d["title"] for d in web.documents()} == {"tide", "radio"}


def test_originals_that_are_kept_can_be_extracted_again(crawl: list[str], tmp_path: Path) -> None:
    store = tmp_path / "store"
    first = archive.build(crawl, "web", store, keep_originals=True)
    for path in crawl:
        Path(path).unlink()
    again = archive.rebuild("web@1", store)
    assert again.content_root == first.content_root
    other = archive.rebuild("web@1", store, extractor="trafilatura")
    assert other.reference == "web@3"
    assert other.manifest.recipe["extractor"] == "trafilatura"
    assert other.content_root != first.content_root
    assert {d["url"] for d in other.documents()} == {d["url"] for d in first.documents()}
    assert other.verify().findings == ()


def test_a_rebuild_without_originals_says_what_to_do(crawl: list[str], tmp_path: Path) -> None:
    archive.build(crawl, "web", tmp_path / "store")
    with pytest.raises(UsageError) as caught:
        archive.rebuild("web@1", tmp_path / "store")
    assert "--keep-originals" in caught.value.next_step


def test_a_digest_list_raises_what_it_names_to_attested(crawl: list[str], tmp_path: Path) -> None:
    listed = tmp_path / "SHA256SUMS"
    digest = hashlib.sha256(Path(crawl[0]).read_bytes()).hexdigest()
    listed.write_text(f"{digest}  first.warc.gz\n")
    web = archive.build(crawl, "web", tmp_path / "store", attest=listed)
    grades = {(d["source"] == digest, d["grade"]) for d in web.documents()}
    assert grades == {(True, "attested"), (False, "claimed")}
    assert web.store.object_path(web.manifest.recipe["attest"]).read_bytes() == listed.read_bytes()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"extractor": "trafilatur"}, UnknownName),
        ({"era": "gpt9"}, UnknownName),
        ({"before": "yesterday"}, UsageError),
        ({"era": "gpt2", "before": "2019-01-01"}, UsageError),
        ({"engine": "cloud"}, UnknownName),
    ],
)
def test_wrong_options_are_told_before_any_work(
    crawl: list[str], tmp_path: Path, options: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        archive.build(crawl, "web", tmp_path / "store", **options)  # type: ignore[arg-type]
    assert not list((tmp_path / "store").rglob("refs/*/*"))


def test_the_cutoff_decides_by_capture_date(crawl: list[str], tmp_path: Path) -> None:
    web = archive.build(crawl, "web", tmp_path / "store", before="2009-01-01")
    assert {d["year"] for d in web.documents()} == {2008}
    assert web.manifest.outcomes["after-cutoff"] == 2
    assert web.manifest.recipe["before"] == "2009-01-01"
