"""The cards say what the manifest says, and their own tools accept them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from archive.exporters.export import export
from archive.manifest import Manifest
from archive.store.local import Store
from tests.feed.snapshots import all_documents

Made = tuple[Store, Manifest]


@pytest.fixture
def exported(made: Made, tmp_path: Path) -> Path:
    export(*made, tmp_path / "out", exporter="hf")
    return tmp_path / "out"


def test_the_readme_states_the_root_the_counts_and_claims_no_licence(
    made: Made, exported: Path
) -> None:
    text = (exported / "README.md").read_text(encoding="utf-8")
    assert made[1].content_root in text
    assert f"{made[1].documents:,} documents" in text
    assert "| licence | NOASSERTION |" in text
    assert "license: unknown\n" in text


def test_the_hub_reads_the_header_of_the_readme(exported: Path) -> None:
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(exported / "README.md")
    assert card.data.license == "unknown"
    assert card.data.configs[0]["data_files"][0]["path"] == "data/train-*.parquet"
    assert card.data.size_categories == ["n<1K"]


def test_a_licence_that_the_user_states_is_in_both_cards(made: Made, tmp_path: Path) -> None:
    export(*made, tmp_path / "out", exporter="hf", options={"license": "CC-BY-4.0"})
    text = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert text.startswith("---\nlicense: cc-by-4.0\n")
    assert json.loads((tmp_path / "out" / "croissant.json").read_bytes())["license"] == "CC-BY-4.0"


def test_croissant_names_every_file_column_and_input(made: Made, exported: Path) -> None:
    card = json.loads((exported / "croissant.json").read_bytes())
    facts = json.loads((exported / "export.json").read_bytes())
    data = {e["name"]: e["sha256"] for e in facts["files"] if e["name"].startswith("data/")}
    objects = [e for e in card["distribution"] if e["@type"] == "cr:FileObject"]
    assert {each["contentUrl"]: each["sha256"] for each in objects} == data
    fields = [each["@id"] for each in card["recordSet"][0]["field"]]
    assert fields == [f"documents/{name}" for name in facts["columns"]]
    assert [each["sha256"] for each in card["prov:wasDerivedFrom"]] == [
        each.source for each in made[1].inputs
    ]


def test_mlcroissant_accepts_the_card_and_reads_the_records_through_it(
    made: Made, exported: Path
) -> None:
    code = """
import json, sys, mlcroissant
data = mlcroissant.Dataset(jsonld=sys.argv[1])
assert not data.metadata.ctx.issues.errors, data.metadata.ctx.issues.report()
ids = [row["documents/id"] for row in data.records("documents")]
print(json.dumps([i.decode() if isinstance(i, bytes) else i for i in ids]))
"""
    path = str(exported / "croissant.json")
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ids = json.loads(done.stdout.splitlines()[-1])
    assert ids == [row["id"] for row in all_documents(*made)]
