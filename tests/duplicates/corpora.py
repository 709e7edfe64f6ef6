"""Corpora with planted near-duplicates, as parts that `find` takes."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from archive.duplicates import PartFiles
from archive.signals.minhash import shingles, signatures
from archive.signals.view import View

Vocabulary = Sequence[str]


@dataclass(frozen=True, slots=True)
class Doc:
    """A document: its time in microseconds, its text; the id follows from both and `salt`."""

    captured: int
    text: str
    salt: int = 0

    @property
    def id(self) -> str:
        return hashlib.sha256(f"{self.captured} {self.salt} {self.text}".encode()).hexdigest()


def vocabulary(seed: int = 0, size: int = 5000) -> list[str]:
    draw = random.Random(f"vocabulary {seed}")
    return ["".join(draw.choices("abcdefghijklmnop", k=draw.randint(2, 9))) for _ in range(size)]


def prose(draw: random.Random, words: Vocabulary, count: int) -> list[str]:
    """Words of a skewed distribution, as in any language."""
    return [words[int(len(words) * draw.random() ** 3)] for _ in range(count)]


def edited(draw: random.Random, words: Vocabulary, text: list[str], share: float) -> list[str]:
    """The text with this share of its words changed."""
    changed = list(text)
    for place in draw.sample(range(len(text)), round(share * len(text))):
        changed[place] = words[draw.randrange(len(words))] + "x"
    return changed


def planted(seed: int, families: int) -> list[Doc]:
    """Families of one text and its edits, of all sorts, captured in no particular order."""
    draw, words = random.Random(f"planted {seed}"), vocabulary()
    boilerplate = prose(draw, words, 30)
    docs = []
    for family in range(families):
        text = prose(draw, words, draw.randint(60, 300))
        docs.append(text)
        for share in (0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.4, 0.6):
            docs.append(edited(draw, words, text, share))
        third = len(text) // 3
        docs.append(text[third:] + text[:third])  # paragraphs in another order
        docs.append(boilerplate + text)
        docs.append(text + boilerplate[: family % 30])
        docs.append(list(text))  # the same again
    made = [Doc(draw.randrange(10**6), " ".join(text), salt) for salt, text in enumerate(docs)]
    draw.shuffle(made)
    return made


def write_part(folder: Path, docs: Sequence[Doc], group: int = 64) -> PartFiles:
    """The two tables of a part, with the columns that duplicates are found by."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = [doc.id for doc in docs]
    times = pa.array([doc.captured for doc in docs], pa.timestamp("us", tz="UTC"))
    texts = pa.array([doc.text for doc in docs], pa.string())
    documents = pa.table({"id": pa.array(ids, pa.string()), "text": texts, "captured_at": times})
    pq.write_table(documents, folder / "documents.parquet", row_group_size=group)
    signed = pa.array(signs([doc.text for doc in docs]), pa.binary())
    signals = pa.table({"id": pa.array(ids, pa.string()), "minhash": signed})
    pq.write_table(signals, folder / "signals.parquet", row_group_size=group + 7)
    return PartFiles.of(folder / "documents.parquet", folder / "signals.parquet")


def signs(texts: list[str]) -> list[bytes]:
    if not texts:
        return []
    return [bytes(row) for row in signatures(*shingles(View(texts))).astype("<u4")]


def split(docs: Sequence[Doc], parts: int) -> list[list[Doc]]:
    return [list(docs[index::parts]) for index in range(parts)]


def write_parts(folder: Path, docs: Sequence[Doc], parts: int) -> list[PartFiles]:
    pieces = split(docs, parts)
    return [write_part(folder / str(index), piece) for index, piece in enumerate(pieces)]
