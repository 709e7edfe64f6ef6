"""Audits against snapshots that the pipeline built: annotated, compacted, and of a real crawl."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import archive
from archive.audit.order import Order
from archive.audit.result import to_json
from archive.audit.run import audit
from archive.snapshot import compact
from tests.archives import STORIES, write_crawl
from tests.audit.made import PARTS, WHOLE, write_jsonl


def test_a_web_archive_is_proved_by_the_snapshot_that_was_built_of_it(tmp_path: Path) -> None:
    inputs = write_crawl(tmp_path / "crawl")
    archive.build(inputs, name="web", store=tmp_path / "store")
    found = audit(Order(tuple(inputs), ("web",), str(tmp_path / "store"), by=("host",)))
    result = to_json(found)
    assert result["proven_human"]["documents"] == 1  # the late capture's text has an early one
    assert {s["value"] for s in result["slices"]} == {
        *("example.org", "example.net", "late.example.org"),
    }
    assert set(result["left_out"]) == {
        "not-text",
        "redirect",
        "not-ok",
        "empty",
        "undated",
        "revisit",
    }


@pytest.mark.parametrize("annotate", [True, False])
def test_compacting_and_annotating_change_no_proof(tmp_path: Path, annotate: bool) -> None:
    store = tmp_path / "store"
    archive.build(write_crawl(tmp_path / "crawl"), name="web", store=store, annotate=annotate)
    packed = compact("web@1", store)
    edited = [story.replace("every", "each and every").upper() for story in STORIES.values()]
    texts = [f"{story}\n\n{story[::-1]}" for story in STORIES.values()]
    path = write_jsonl(tmp_path / "c.jsonl", [{"text": text} for text in [*texts, *edited]])
    results = []
    for name in ("web@1", packed.reference):
        for cut in ("everything", "first") if annotate else ("everything",):
            order = Order((str(path),), (name,), str(store), cut=cut)
            witnesses = tmp_path / "w.jsonl"
            result = to_json(audit(order, witnesses))
            rows = [json.loads(line) for line in witnesses.read_text("utf-8").splitlines()]
            results.append((result["proven_human"], rows))
    assert results[0][0]["documents"] == 10 / 12  # two stories have the word
    assert all(result == results[0] for result in results)


def test_half_of_a_real_crawl_encoded_again_is_found_to_within_one_per_cent(
    shared_data: Path, tmp_path: Path
) -> None:
    crawl = shared_data / "warc" / "aut" / "example.warc.gz"
    web = archive.build([str(crawl)], name="web", store=tmp_path / "store")
    held = [row["text"] for row in web.documents(columns=["text"])]
    held = sorted({text for text in held if len(text) > 400})
    others = [path.read_text("utf-8") for path in sorted((shared_data / "text/peps").glob("*"))]
    encoders = (*WHOLE, *PARTS)
    old = [encoders[n % len(encoders)](text) for n, text in enumerate(held)]
    new: list[str] = []
    for n in range(len(old)):  # as long as the archive's texts, from documents of their own
        source, size = others[n % len(others)], len(held[n])
        new.append(encoders[n % len(encoders)](source[-size:]))
    path = write_jsonl(tmp_path / "c.jsonl", [{"text": text} for text in [*old, *new]])
    found = to_json(audit(Order((str(path),), ("web",), str(tmp_path / "store"))))["proven_human"]
    sizes = [sum(len(text.encode()) for text in half) for half in (old, new)]
    assert len(old) > 60
    assert abs(found["documents"] - 0.5) < 0.01
    assert abs(found["bytes"] - sizes[0] / sum(sizes)) < 0.01
