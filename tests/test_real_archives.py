"""A build over every real web archive at hand: nothing lost, and the known facts of each."""

from __future__ import annotations

from pathlib import Path

import pytest

import archive


@pytest.fixture(scope="module")
def everything(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> archive.Snapshot:
    """One snapshot of the whole folder of real archives."""
    store = tmp_path_factory.mktemp("real")
    return archive.build([str(shared_data / "warc")], "real", store, workers=2)


def test_every_byte_of_every_file_is_accounted_for(
    everything: archive.Snapshot, shared_data: Path
) -> None:
    folder = shared_data / "warc"
    sizes = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file()
    }
    ledgers = everything.sql(
        "select i.name, coalesce(sum(l.length), 0) from inputs i"
        " left join ledger l on l.source = i.source and l.member is null group by i.name"
    ).rows
    assert {name: int(accounted) for name, accounted in ledgers} == sizes


def test_the_snapshot_verifies_by_both_implementations(everything: archive.Snapshot) -> None:
    assert everything.verify(independent=True).findings == ()


@pytest.mark.parametrize(
    "name",
    [
        "resiliparse/clipped.warc.gz",
        "gowarc/corrupted-mid-record.warc.gz.open",
        "gowarc/corrupted-trailing-bytes.warc.gz.open",
        "webarchive-commons/cz-pagesinczech.arc.gz",
        "warcio/bad.arc",
        "ipwb/broken.warc",
    ],
)
def test_a_file_known_to_be_damaged_is_reported_by_name(
    everything: archive.Snapshot, name: str
) -> None:
    ranges = [damage for damage in everything.damaged() if damage["file"] == name]
    assert ranges
    assert all(damage["length"] > 0 and damage["reason"] for damage in ranges)


def test_records_before_and_after_garbage_between_gzip_members_are_kept(
    everything: archive.Snapshot,
) -> None:
    rows = everything.sql(
        "select l.outcome from ledger l join inputs i using (source)"
        " where i.name = 'gowarc/corrupted-mid-record.warc.gz.open' order by l.offset"
    ).rows
    outcomes = [outcome for (outcome,) in rows]
    at = outcomes.index("damaged")
    assert at > 0
    assert len(outcomes) > at + 1


def texts(snapshot: archive.Snapshot) -> set[str]:
    return {document["text"] for document in snapshot.documents(["text"])}


def test_the_arc_and_the_warc_of_one_crawl_give_the_same_texts(
    shared_data: Path, tmp_path: Path
) -> None:
    twins = shared_data / "warc/aut"
    warc = archive.build([str(twins / "example.warc.gz")], "warc", tmp_path)
    arc = archive.build([str(twins / "example.arc.gz")], "arc", tmp_path)
    assert len(texts(warc)) > 80
    assert texts(warc) == texts(arc)


def test_the_page_of_2024_is_refused_by_its_date(everything: archive.Snapshot) -> None:
    rows = everything.sql(
        "select i.name, l.type, l.outcome from ledger l join inputs i using (source)"
        " where i.name like 'whirlwind/%' and l.type in ('response', 'conversion')"
    ).rows
    assert len(rows) >= 2
    assert {outcome for _, _, outcome in rows} == {"after-cutoff"}
    assert not any(year > 2022 for (year,) in everything.sql("select year from documents").rows)


def test_no_text_of_a_document_holds_a_chunk_size_or_a_gzip_header(
    everything: archive.Snapshot,
) -> None:
    found = everything.sql(
        "select url from documents where regexp_matches(text, '^[0-9a-fA-F]{2,4}\\r?\\n<')"
        " or contains(text, chr(31) || chr(139))"
    ).rows
    assert found == []
