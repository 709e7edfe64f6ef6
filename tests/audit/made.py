"""Texts and archives made by code, and the ways in which a text is encoded again."""

from __future__ import annotations

import datetime as dt
import html
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.digest import sha256_hex
from archive.manifest import Manifest
from archive.store.local import Store
from tests.stores import Draft, document, ledger_row

SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "ol")]


def prose(seed: int, words: int = 200) -> str:
    """Words that nobody wrote, in sentences and lines; no two seeds share a passage."""
    draw = random.Random(seed)
    said = ["".join(draw.choices(SYLLABLES, k=draw.randint(1, 4))) for _ in range(words)]
    for at in range(9, words, 10):
        said[at] += draw.choice([".", ";", "!\n", ".\n\n"])
    return " ".join(said)


@dataclass(frozen=True)
class Capture:
    """A text of an archive."""

    text: str
    host: str = "example.org"
    day: str = "2008-04-30"
    grade: str = "consistent"


def commit(root: Path, captures: Sequence[Capture], parts: int = 2, name: str = "web") -> Manifest:
    """The next version of a snapshot without signals, its captures spread over some inputs."""
    store = Store.create(root)
    draft = Draft(store.work / f"draft-{len(store.names())}-{len(captures)}")
    for number in range(parts):
        source = sha256_hex(f"{name} {number}".encode())
        rows = [
            document(
                source,
                100 * place,
                each.text,
                url=f"http://{each.host}/{place}",
                host=each.host,
                registered_domain=each.host,
                captured_at=dt.datetime.fromisoformat(f"{each.day}T00:00:00+00:00"),
                year=int(each.day[:4]),
                grade=each.grade,
            )
            for place, each in enumerate(captures)
            if place % parts == number
        ]
        ledger = [
            ledger_row(source, row["offset"], 100, "kept", document=row["id"]) for row in rows
        ]
        gaps = sorted(set(range(0, 100 * len(captures), 100)) - {row["offset"] for row in rows})
        ledger += [ledger_row(source, at, 100, "padding", type="") for at in gaps]
        draft.add_part(f"{number}.warc", source, 100 * len(captures), rows, ledger)
    return draft.commit(store, name)


def write_jsonl(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def shouted(text: str) -> str:
    return text.upper()


def rewrapped(text: str) -> str:
    return re.sub(r"\s+", " \n\t  ", text)


def joined(text: str) -> str:
    return re.sub(r"\s+", "", text)


def marked_up(text: str) -> str:
    """A page as a browser is given one, with a script in it."""
    words = html.escape(text).split(" ")
    words[::7] = [f"<b>{word}</b>" for word in words[::7]]
    body = " ".join(words).replace("\n", "</p>\n<p class='x y' data-n=3>")
    script = "<script>var answer = 'forty two, of all numbers that there are';</script>"
    return f"<html><!-- a comment of some length --><body>{script}<p>{body}</p></body>"


def in_markdown(text: str) -> str:
    return "# " + text.replace(". ", ".** *").replace("\n", "\n> ")


def first_two_thirds(text: str) -> str:
    return text[: len(text) * 2 // 3]


def last_two_thirds(text: str) -> str:
    return text[len(text) // 3 :]


WHOLE = (shouted, rewrapped, joined, marked_up, in_markdown)
PARTS = (first_two_thirds, last_two_thirds)


_COMMON = """
the a of and to in is that it was for on with as his her he she they this at by from had not but
which or an were are one all there been their when who more no out up so said what if can into them
then some time could these two may do first any my now such like our over man me even most made
after also did many before must through back years where much your way well down should because each
just those people how too little state good very make world still own see men work long get here
between both life being under never day same another know while last might us great old year off
come since against go came right used take three
"""
COMMON = _COMMON.split()
"""Words of English that mark no writer."""

_HUMAN = "house river winter bread letter garden horse window evening morning captain stone"
_SYNTHETIC = "crucial tapestry pivotal vibrant nuanced robust seamless intricate realm beacon"
TASTES = {"human": _HUMAN, "synthetic": _SYNTHETIC}


def essay(seed: int, kind: str, sentences: int = 10) -> str:
    """Sentences of common English words with some that one kind of writer likes more."""
    draw = random.Random(f"{kind} {seed}")
    liked, other = (TASTES[k].split() for k in (kind, *(set(TASTES) - {kind})))
    said = []
    for _ in range(sentences):
        words = draw.choices(COMMON, k=12)
        words += [draw.choice(liked if draw.random() < 0.8 else other) for _ in range(2)]
        draw.shuffle(words)
        said.append(" ".join(words).capitalize() + ".")
    return " ".join(said)
