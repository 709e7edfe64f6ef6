"""Builds that meet: several at once, inputs that change, originals that rot."""

from __future__ import annotations

from pathlib import Path

import pytest

import archive
from archive import parts
from archive.errors import Corrupt, EnvironmentFailed
from archive.manifest import ObjectRef
from archive.store.local import Store
from archive.verify import verify
from tests import warcs
from tests.archives import page, write_crawl
from tests.test_pipeline import build_elsewhere


@pytest.fixture
def crawl(tmp_path: Path) -> list[str]:
    return write_crawl(tmp_path / "crawl")


def test_builds_at_once_all_become_versions(crawl: list[str], tmp_path: Path) -> None:
    store = tmp_path / "store"
    running = [build_elsewhere(crawl, store, {}) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert Store(store).versions("web") == [1, 2, 3]
    assert len({archive.open(f"web@{n}", store).content_root for n in (1, 2, 3)}) == 1
    assert verify(Store(store)).findings == ()


def test_the_last_build_to_end_leaves_a_clean_work_folder(crawl: list[str], tmp_path: Path) -> None:
    store = tmp_path / "store"
    for process in [build_elsewhere(crawl, store, {}) for _ in range(2)]:
        assert process.wait() == 0
    archive.build(crawl, "web", store)
    left = {path.name for path in (store / "work").iterdir() if any(_files(path))}
    assert left <= {"duplicates-cache"}


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []


def test_an_input_that_changes_while_it_is_read_fails_the_build(
    crawl: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = Path(crawl[1])
    real = parts._write_part

    def meanwhile(*arguments: object) -> object:
        data = bytearray(victim.read_bytes())
        data[-10] ^= 1
        victim.write_bytes(data)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(parts, "_write_part", meanwhile)
    with pytest.raises(EnvironmentFailed, match="changed while it was read"):
        archive.build([str(victim)], "web", tmp_path / "store")
    monkeypatch.undo()
    assert archive.build([str(victim)], "web", tmp_path / "store").verify().findings == ()


def test_a_rebuild_refuses_an_original_that_has_rotted(crawl: list[str], tmp_path: Path) -> None:
    web = archive.build(crawl, "web", tmp_path / "store", keep_originals=True)
    original = web.store.object_path(web.manifest.inputs[0].source)
    original.chmod(0o644)
    data = bytearray(original.read_bytes())
    data[len(data) // 2] ^= 1
    original.write_bytes(data)
    with pytest.raises(Corrupt):
        archive.rebuild("web", tmp_path / "store")
    assert web.store.versions("web") == [1]


def test_a_build_reads_no_object_that_it_does_not_reuse(
    crawl: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    archive.build(crawl, "web", store)
    other = tmp_path / "other.warc"
    other.write_bytes(page("letter", date="2013-01-01T00:00:00Z", host="other.example"))
    checked: list[str] = []
    real = Store.check

    def check(self: Store, ref: ObjectRef) -> Path:
        checked.append(ref.sha256)
        return real(self, ref)

    monkeypatch.setattr(Store, "check", check)
    made = archive.build([str(other)], "other", store)
    assert set(checked) <= set(made.manifest.objects())


def test_a_store_inside_the_folder_that_is_built_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "crawl"
    crawl = write_crawl(folder)
    for _ in range(2):
        web = archive.build([str(folder)], "web", folder / "store")
    assert {entry.name for entry in web.manifest.inputs} == {Path(path).name for path in crawl}
    assert web.verify().findings == ()


def test_many_revisits_of_one_digest_all_point_to_its_earliest_capture(tmp_path: Path) -> None:
    count = 3_000
    body = b"<p>The same page, again and again.</p>"
    block = warcs.http_response(200, {"Content-Type": "text/html"}, body)
    digest = {"WARC-Payload-Digest": warcs.sha1(body)}
    captures = [
        warcs.warc_record("response", f"http://example.org/{n}", block=block) for n in range(count)
    ]
    revisits = [
        warcs.warc_record(
            "revisit", f"http://example.org/r{n}", "2012-01-01T00:00:00Z", headers=digest
        )
        for n in range(count)
    ]
    path = tmp_path / "many.warc"
    path.write_bytes(b"".join(captures + revisits))
    web = archive.build([str(path)], "web", tmp_path / "store", annotate=False)
    assert web.manifest.outcomes["revisit"] == count
    earliest = web.sql("select count(distinct to_offset), min(to_offset) from revisits").rows
    assert earliest == [(1, 0)]
