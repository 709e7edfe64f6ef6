"""Texts for a replay: plain files, TEI, a folder of them, or the documents of a snapshot."""

from __future__ import annotations

import heapq
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from archive.digest import sha256_hex
from archive.errors import UsageError

if TYPE_CHECKING:
    from archive.snapshot import Snapshot

TEXT_SUFFIXES = frozenset({".txt", ".md", ".rst", ".raw", ".tokens", ".xml", ".tei"})
MOST_CHARACTERS = 60_000_000
"""What one run holds in memory; of more, the documents of the lowest hashes are taken."""

_SPACE = re.compile(r"\s+")
_LINE_EDGE = re.compile(r" ?\n[ \n]*")
_WIKITEXT_TITLE = re.compile(r"^ = [^=\n]+ = $", re.MULTILINE)
# These hold the apparatus of an edition, not its text.
_NOT_TEXT = frozenset({"teiHeader", "note", "figDesc", "fw"})
_BLOCKS = frozenset({"p", "l", "head", "div", "ab", "lg", "quote", "item", "trailer", "lb"})


@dataclass(frozen=True, slots=True)
class Text:
    """One document and the groups it is judged with: a file's name or a host, and a language."""

    group: str
    text: str
    language: str = ""

    @property
    def digest(self) -> str:
        return sha256_hex(self.text.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Taken:
    """Distinct documents in the order of their hashes, and what was left out and why."""

    texts: tuple[Text, ...]
    left_out: dict[str, int]


def read_paths(paths: Iterable[Path]) -> Iterator[Text]:
    """The documents of files and folders; a WikiText file holds one for each article."""
    for path in paths:
        if path.is_dir():
            files = sorted(f for f in path.rglob("*") if f.suffix.lower() in TEXT_SUFFIXES)
            if not files:
                raise UsageError(
                    f"no text in {path}",
                    next_step=f"give files that end in {', '.join(sorted(TEXT_SUFFIXES))}",
                )
        elif path.is_file():
            files = [path]
        else:
            raise UsageError(f"no text at {path}", next_step="check the path of --text")
        for file in files:
            yield from _read_file(file)


def read_snapshot(snapshot: Snapshot, cut: str | None = None) -> Iterator[Text]:
    """The documents of a snapshot, or of a cut of it, by host and, where signals say, language."""
    feed = snapshot.feed(cut or "everything", columns=("id", "text", "host"))
    languages: dict[str, str] = dict(snapshot.sql("select id, language from signals").rows)
    for row in feed:
        yield Text(row["host"] or "", row["text"], languages.get(row["id"], ""))


def take(texts: Iterable[Text], most: int = MOST_CHARACTERS) -> Taken:
    """Distinct texts by hash, up to `most` characters: those of the lowest hashes.

    The choice depends on the set of texts alone, not on their order.
    """
    held: dict[str, Text] = {}
    highest: list[str] = []  # a heap of complemented hashes: the highest hash first
    left_out = {"empty": 0, "copies": 0, "beyond the size of a run": 0}
    size = 0
    for text in texts:
        digest = text.digest
        if not text.text.strip():
            left_out["empty"] += 1
        elif digest in held:
            left_out["copies"] += 1
            # Of two names for one text the same one must stay, in whichever order they come.
            held[digest] = min(held[digest], text, key=lambda t: (t.group, t.language))
        else:
            held[digest] = text
            heapq.heappush(highest, _complement(digest))
            size += len(text.text)
        while size > most and len(held) > 1:
            gone = held.pop(_complement(heapq.heappop(highest)))
            size -= len(gone.text)
            left_out["beyond the size of a run"] += 1
    return Taken(tuple(held[digest] for digest in sorted(held)), left_out)


def words(text: str) -> list[str]:
    """The words and the marks of punctuation of a text, as written.

    A character of a script that puts no space between words counts as a word.
    """
    return _word_pattern().findall(text)


def word_spans(text: str) -> tuple[list[int], list[int]]:
    """Where each of `words` begins and ends, in code points."""
    spans = [match.span() for match in _word_pattern().finditer(text)]
    return [start for start, _ in spans], [end for _, end in spans]


@lru_cache(maxsize=1)
def _word_pattern() -> re.Pattern[str]:
    # `\w` alone would cut Indic and Arabic words at every vowel sign, which are marks.
    marks = "".join(
        re.escape(chr(c)) for c in range(0x300, 0x10000) if unicodedata.category(chr(c))[0] == "M"
    )
    unspaced = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    letter = rf"(?:(?![{unspaced}])[\w{marks}])"
    return re.compile(rf"{letter}+(?:['’]{letter}+)*|[{unspaced}][{marks}]*|[^\w\s]")


def _read_file(path: Path) -> Iterator[Text]:
    data = path.read_bytes()
    if path.suffix.lower() in (".xml", ".tei"):
        yield Text(path.stem, _tei(path, data))
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not UTF-8 (byte {error.start})", next_step="convert it, or leave it out"
        ) from None
    titles = [match.start() for match in _WIKITEXT_TITLE.finditer(text)]
    for start, end in zip([0, *titles], [*titles, len(text)], strict=True):
        if titles and not text[start:end].strip():
            continue  # the blank line before the first title
        yield Text(path.stem, text[start:end])


def _tei(path: Path, data: bytes) -> str:
    try:
        root = ET.fromstring(data)
    except ET.ParseError as error:
        raise UsageError(
            f"{path} is not XML: {error}", next_step="mend it, or leave it out"
        ) from None
    pieces: list[str] = []
    _gather(root, pieces)
    return _LINE_EDGE.sub("\n", "".join(pieces)).strip()


def _gather(element: ET.Element, pieces: list[str]) -> None:
    """The text below an element in reading order, blocks on lines of their own."""
    name = str(element.tag).rpartition("}")[2]
    if name not in _NOT_TEXT:
        pieces.append("\n" if name in _BLOCKS else "")
        pieces.append(_run(element.text))
        for child in element:
            _gather(child, pieces)
        pieces.append("\n" if name in _BLOCKS else "")
    pieces.append(_run(element.tail))


def _run(text: str | None) -> str:
    """White space of a TEI file lays out its markup: it parts words and means nothing else."""
    return _SPACE.sub(" ", text or "")


def _complement(digest: str) -> str:
    return digest.translate(_FLIP)


_FLIP = str.maketrans("0123456789abcdef", "fedcba9876543210")
