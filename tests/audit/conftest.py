"""An archive, synthetic text and a corpus that has some of each."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.audit.made import Capture, commit, essay, write_jsonl
from tests.audit.orders import ESSAYS, rows_of


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive, synthetic text, and a corpus: archive text, new human text, synthetic text."""
    folder = tmp_path_factory.mktemp("mixed")
    commit(folder / "store", [Capture(text, f"h{n % 6}.org") for n, text in enumerate(ESSAYS)])
    made = [essay(n, "synthetic") for n in range(200)]
    write_jsonl(folder / "made.jsonl", rows_of(made[:120], model="m"))
    rows = rows_of(ESSAYS[:50], url="http://a.org/1", date="2019-01-01")
    rows += rows_of([essay(n, "human") for n in range(1000, 1120)], url="http://b.org", date="2021")
    rows += rows_of(made[120:160], url="http://b.org", date="2024")
    rows += rows_of(["Der Himmel über der Stadt war an diesem Abend grau. " * 3], url="http://c.de")
    random.Random(3).shuffle(rows)
    write_jsonl(folder / "c.jsonl", rows)
    return folder
