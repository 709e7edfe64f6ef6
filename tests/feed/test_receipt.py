"""A receipt names what was fed, can be computed again, and answers for a single document."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from archive.errors import CheckFailed, UnknownName, UsageError
from archive.feed.mix import mix
from archive.feed.receipt import fed, from_state, read_state
from tests.conftest import ROOT
from tests.feed.conftest import Made
from tests.feed.test_feed import feed, ids
from tests.feed.test_mix import Stories, kind


def lowbg(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "archive", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def digest(documents: list[str]) -> str:
    return hashlib.sha256(b"".join(bytes.fromhex(each) for each in documents)).hexdigest()


@pytest.mark.parametrize("count", [0, 1, 100, 313, 400])
def test_the_receipt_of_a_state_hashes_the_ids_that_were_fed(many_parts: Made, count: int) -> None:
    job = feed(many_parts, epochs=2)
    given = ids(islice(job, count))
    (found,) = from_state(many_parts[0], job.state_dict())
    receipt = found.receipt()
    assert receipt["ids_sha256"] == digest(given)
    assert (receipt["first"], receipt["last"], receipt["seed"]) == (0, count, 7)
    assert receipt["content_root"] == many_parts[1].content_root
    assert list(found.ids()) == list(enumerate(given))


def test_a_document_is_found_where_it_was_fed_and_nowhere_else(many_parts: Made) -> None:
    job = feed(many_parts, epochs=2)
    given = ids(islice(job, 350))
    (found,) = from_state(many_parts[0], job.state_dict())
    assert found.positions(given[20]) == [i for i, each in enumerate(given) if each == given[20]]
    (later,) = from_state(many_parts[0], feed(many_parts).state_dict())
    assert later.positions(given[20]) == []


def test_a_mix_has_a_receipt_for_each_snapshot_in_it(many_parts: Made) -> None:
    job = mix([(feed(many_parts, where="host < 'host4'"), 3), (Stories("s", 90), 1)], seed=4)
    given = [d["id"] for d in islice(job, 101) if kind(d) == "web"]
    (found,) = from_state(many_parts[0], job.state_dict())
    receipt = found.receipt()
    assert receipt["ids_sha256"] == digest(given)
    assert (receipt["fed"], receipt["fed_by_all_sources"]) == (len(given), 101)


def test_a_mix_by_tokens_has_receipts_where_the_tokens_are_known(many_parts: Made) -> None:
    def job() -> Any:
        sources = [(feed(many_parts), 1), (Stories("s", 90), 1)]
        return mix(sources, by="tokens", count=lambda d: len(d["id"]))

    made = job()
    given = [d["id"] for d in islice(made, 50) if kind(d) == "web"]
    (found,) = from_state(many_parts[0], made.state_dict())
    assert found.receipt()["ids_sha256"] == digest(given)
    with pytest.raises(CheckFailed, match="not known"):
        from_state(many_parts[0], job().state_after(0, 50))


def test_a_state_is_found_in_json_and_in_a_checkpoint_of_torch(
    many_parts: Made, tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    job = feed(many_parts)
    list(islice(job, 9))
    state = job.state_dict()
    (tmp_path / "state.json").write_text(json.dumps({"step": 9, "data": [state]}))
    torch.save({"model": {"w": torch.ones(2)}, "data": state}, tmp_path / "c.pt")
    assert read_state(tmp_path / "state.json") == read_state(tmp_path / "c.pt") == state
    for content in ({"a": 1}, [state, state | {"position": 8}]):
        (tmp_path / "none.json").write_text(json.dumps(content))
        with pytest.raises(UsageError, match="state"):
            read_state(tmp_path / "none.json")
    (tmp_path / "junk").write_bytes(b"\x80junk")
    with pytest.raises(UsageError, match="neither"):
        read_state(tmp_path / "junk")


def test_a_state_of_another_snapshot_has_no_receipt_here(many_parts: Made) -> None:
    facts = feed(many_parts).facts()
    with pytest.raises(UnknownName, match="content root"):
        fed(many_parts[0], facts | {"content_root": "00" * 32}, 0, 3)
    with pytest.raises(CheckFailed, match="documents"):
        fed(many_parts[0], facts | {"documents": 7}, 0, 3)


def test_the_command_prints_receipts_ids_and_answers(many_parts: Made, tmp_path: Path) -> None:
    store, job = many_parts[0].root, feed(many_parts, window=8)
    given = ids(islice(job, 12))
    (tmp_path / "state.json").write_text(json.dumps(job.state_dict()))
    done = lowbg("receipt", tmp_path / "state.json", "--store", store, "--json")
    assert json.loads(done.stdout)[0]["ids_sha256"] == digest(given), done.stderr
    asked = ["receipt", "--snapshot", "web", "--seed", 7, "--range", "0-12", "--store", store]
    listed = [line.split("\t")[1] for line in lowbg(*asked, "--ids").stdout.splitlines()]
    assert listed == given
    there = lowbg(*asked, "--document", given[3])
    assert (there.returncode, there.stdout) == (0, "web@1: fed at position 3\n")
    absent = lowbg(*asked, "--document", "00" * 32)
    assert (absent.returncode, absent.stdout) == (1, "web@1: not fed\n")
    assert lowbg("receipt", "--store", store).returncode == 2


def test_the_command_exports_and_verify_checks_what_it_wrote(
    many_parts: Made, tmp_path: Path
) -> None:
    store, out = many_parts[0].root, tmp_path / "out"
    done = lowbg("export", "web", "--format", "jsonl", "--out", out, "--store", store)
    assert done.returncode == 0, done.stderr
    assert "313 documents in 1 files" in done.stdout
    assert lowbg("verify", out).returncode == 0
    (next(out.glob("*.zst"))).write_bytes(b"other")
    found = lowbg("verify", out)
    assert found.returncode == 1
    assert "corrupt: documents-00000" in found.stdout
