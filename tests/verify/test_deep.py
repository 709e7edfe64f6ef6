"""Laws of `verify --deep`: what an original does not give is told, row by row and in full."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import archive
from archive import judge, parts
from archive.judge import Judge, Row
from archive.parts import make_part
from archive.records import Outcome, Record
from archive.snapshot import Snapshot
from archive.tables import TableWriter
from archive.verify import Finding, deep
from archive.verify.deep import SHOWN, verify_deep
from tests import warcs
from tests.archives import page, write_crawl
from tests.stores import make_store

Judged = tuple[Row, Row | None]


@pytest.fixture
def web(tmp_path: Path) -> Snapshot:
    """A version with kept originals and a digest list that names one of them."""
    crawl = write_crawl(tmp_path / "crawl")
    listed = tmp_path / "MD5SUMS"
    digest = hashlib.md5(Path(crawl[0]).read_bytes()).hexdigest()
    listed.write_text(f"{digest}  published.warc.gz\n")
    return archive.build(
        crawl, "web", tmp_path / "store", keep_originals=True, attest=listed, annotate=False
    )


def derive(web: Snapshot, reference: str | None = "web") -> list[Finding]:
    return verify_deep(web.store, reference, _ignore)


def test_it_derives_every_document_and_every_grade_from_the_kept_bytes(web: Snapshot) -> None:
    assert {d["grade"] for d in web.documents()} >= {"attested"}
    assert derive(web) == []
    assert derive(web, None) == []


def test_it_writes_nothing_into_the_store(web: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    folders: list[Path] = []

    def watch(task: dict[str, Any], report: Any) -> dict[str, Any]:
        folders.append(Path(task["work"]))
        return make_part(task, report)

    before = _tree(web.store.root)
    monkeypatch.setattr(deep, "make_part", watch)
    assert derive(web) == []
    assert len(folders) == len(web.manifest.parts)
    assert not any(web.store.root in folder.parents or folder.exists() for folder in folders)
    assert _tree(web.store.root) == before


def test_parts_that_versions_share_are_made_once(
    web: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def count(task: dict[str, Any], report: Any) -> dict[str, Any]:
        made.append(task["name"])
        return make_part(task, report)

    web.store.commit(web.manifest, {}, "0" * 64)
    monkeypatch.setattr(deep, "make_part", count)
    assert derive(web, None) == []
    assert sorted(made) == sorted(entry.name for entry in web.manifest.inputs)


@pytest.mark.parametrize("column", ["title", "grade", "grade_reasons", "http_date", "text", "year"])
def test_a_document_that_differs_in_any_column_is_named_with_it(
    web: Snapshot, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    other = {"grade_reasons": ["none"], "http_date": 2**60, "year": 1}.get(column, "forged")
    _forge(monkeypatch, lambda row, document: (row, document and document | {column: other}))
    findings = derive(web)
    assert [f.kind for f in findings] == ["corrupt"] * web.manifest.documents
    for document in web.documents():
        name = next(i.name for i in web.manifest.inputs if i.source == document["source"])
        row = f"documents row {document['id']} at offset {document['offset']}: {column}"
        assert any(f.path == f"web@1 input {name}: {row}" for f in findings)


def test_a_ledger_row_that_differs_is_named_with_its_column(
    web: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forge(row: Row, document: Row | None) -> Judged:
        return (row | {"reason": "HTTP 999"} if row["outcome"] == "redirect" else row), document

    _forge(monkeypatch, forge)
    (finding,) = derive(web)
    assert finding.path.startswith("web@1 input first.warc.gz: ledger row at offset ")
    assert finding.path.endswith(": reason")
    assert finding.found == "'HTTP 999'"


@pytest.mark.parametrize("back", [False, True])
def test_one_document_more_or_less_is_one_row_of_each_table_and_one_outcome(
    web: Snapshot, monkeypatch: pytest.MonkeyPatch, back: bool
) -> None:
    first = next(d for d in web.documents() if d["host"] == "example.org")

    def drop(row: Row, document: Row | None) -> Judged:
        if document is None or document["id"] != first["id"]:
            return row, document
        return row | {"outcome": Outcome.EMPTY, "document": None}, None

    if back:  # the version lacks it, and the original gives it
        with monkeypatch.context() as patch:
            _forge(patch, drop)
            other = web.store.root.parent
            crawl = sorted(str(path) for path in (other / "crawl").iterdir())
            web = archive.build(crawl, "web", other / "two", keep_originals=True, annotate=False)
    else:
        _forge(monkeypatch, drop)
    findings = derive(web)
    assert [f.path.partition(": ")[2].split(" ")[0] for f in findings] == [
        *("outcome", "outcome"),
        *("documents", "ledger"),
    ]
    states = ("no row", "a row") if back else ("a row", "no row")
    assert (findings[2].expected, findings[2].found) == states
    assert findings[3].path.endswith(": outcome, document")


def test_records_of_shared_members_are_compared_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawl = tmp_path / "whole.warc.gz"
    whole = b"".join(page(name, host=f"{name}.org") for name in ("tide", "bread", "radio"))
    crawl.write_bytes(warcs.gzip_member(whole))
    web = archive.build([str(crawl)], "web", tmp_path / "store", keep_originals=True)
    assert derive(web) == []
    _forge(monkeypatch, lambda row, document: (row | {"notes": ["forged"]}, document))
    findings = derive(web)
    assert [f.path.rpartition(": ")[2] for f in findings] == ["notes"] * 4  # one is the container's
    assert sum(" of member 0: " in f.path for f in findings) == 3


def test_many_differences_are_told_in_part_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawl = tmp_path / "many.warc"
    crawl.write_bytes(b"".join(page("tide", host=f"h{n}.org") for n in range(SHOWN + 5)))
    web = archive.build([str(crawl)], "web", tmp_path / "store", keep_originals=True)
    _forge(monkeypatch, lambda row, document: (row, document and document | {"title": "forged"}))
    findings = derive(web)
    assert len(findings) == SHOWN + 1
    assert findings[-1].found == "5 more differences"


def test_a_file_written_otherwise_with_the_same_rows_is_sound(
    web: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another Parquet library makes other bytes of the same rows."""

    class Small(TableWriter):
        def add(self, row: Row) -> None:
            super().add(row)
            self._flush()

    monkeypatch.setattr(parts, "TableWriter", Small)
    assert derive(web) == []


@pytest.mark.parametrize(
    ("damage", "kind"), [("missing", "missing"), ("truncated", "corrupt"), ("flipped", "corrupt")]
)
@pytest.mark.parametrize("which", ["original", "documents", "ledger", "attest"])
def test_a_damaged_object_is_a_finding_and_the_other_inputs_are_still_derived(
    web: Snapshot, damage: str, kind: str, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = next(p for p in web.manifest.parts if p.documents.rows)
    victims = {
        "original": part.source,
        "documents": part.documents.sha256,
        "ledger": part.ledger.sha256,
        "attest": web.manifest.recipe["attest"],
    }
    path = web.store.object_path(victims[which])
    data = path.read_bytes()
    path.chmod(0o644)
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(data[:-1] if damage == "truncated" else bytes([data[0] ^ 1]) + data[1:])
    made: list[str] = []

    def count(task: dict[str, Any], report: Any) -> dict[str, Any]:
        made.append(task["source"])
        return make_part(task, report)

    monkeypatch.setattr(deep, "make_part", count)
    findings = derive(web)
    # A digest list of one byte less is another list still: it is its hash that tells.
    assert [f.kind for f in findings] == [kind]
    assert victims[which] in findings[0].path
    others = {p.source for p in web.manifest.parts} - {part.source}
    assert set(made) == (set() if which == "attest" else others)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("broken")])
def test_an_error_of_one_input_does_not_lose_the_findings_of_others(
    web: Snapshot, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(task: dict[str, Any], report: Any) -> dict[str, Any]:
        if task["name"] == "first.warc.gz":
            raise error
        return make_part(task, report)

    monkeypatch.setattr(deep, "make_part", fail)
    _forge(monkeypatch, lambda row, document: (row, document and document | {"title": "forged"}))
    findings = {(f.kind, f.path.partition(": ")[0]) for f in derive(web)}
    assert findings == {
        ("unverifiable", "web@1 input first.warc.gz"),
        ("corrupt", "web@1 input second.warc"),
    }


def test_a_version_without_originals_is_one_finding_with_their_number(
    web: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = tuple(replace(entry, kept=False) for entry in web.manifest.inputs)
    bare = replace(web.manifest, inputs=entries)
    web.store.commit(bare, {}, "0" * 64)
    (finding,) = derive(web)
    assert (finding.kind, finding.path) == ("unverifiable", "web@2")
    assert (finding.expected, finding.found) == ("2 kept originals", "0, not those of 2 inputs")
    assert "--keep-originals" in finding.fix


def test_a_recipe_that_is_not_known_or_a_ref_that_is_broken_is_a_finding(tmp_path: Path) -> None:
    store = make_store(tmp_path)  # its extractor is called plain
    (finding,) = verify_deep(store, None, _ignore)
    assert (finding.kind, finding.path) == ("unverifiable", "web@1 recipe")
    (store.root / "refs/web/00000001").unlink()
    (store.root / "refs/web/00000001").write_text("0" * 64 + "\n")
    (finding,) = verify_deep(store, "web@1", _ignore)
    assert finding.kind == "missing"
    (finding,) = verify_deep(store, "weg", _ignore)
    assert "unknown snapshot 'weg'" in finding.found


def test_other_code_is_told_by_what_differs(web: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    real = parts.recorded
    monkeypatch.setattr(deep, "recorded", lambda recipe: real(recipe) | {"rules": 999})
    (finding,) = derive(web)
    assert (finding.kind, finding.found) == ("unverifiable", "{'rules': 999}")
    assert "lowbg rebuild" in finding.fix


def test_progress_ends_with_all_the_bytes(web: Snapshot) -> None:
    told: list[tuple[int, int]] = []
    verify_deep(web.store, "web", lambda phase, done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (web.manifest.bytes_in,) * 2


def _forge(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """From now on parts are made with other rows."""
    real = judge.Judge.judge

    def forged(self: Judge, record: Record) -> Judged:
        changed: Judged = change(*real(self, record))
        return changed

    monkeypatch.setattr(Judge, "judge", forged)


def _tree(root: Path) -> dict[Path, int]:
    def walk() -> Iterator[Path]:
        yield from root.rglob("*")

    return {path: path.stat().st_mtime_ns for path in walk()}


def _ignore(phase: str, done: int, total: int) -> None:
    """Nobody watches."""
