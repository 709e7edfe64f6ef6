"""The two references of each language: human texts of the archive, synthetic texts of files.

Both are samples by hash, so they are the same whatever the order of reading: of the archive the
documents whose id has the lowest hash under the seed, of the synthetic texts those of the lowest
hashes. The archive's languages are those of its signals; any other text is asked about here.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from archive.audit.against import Against, texts_of
from archive.audit.estimate import Reference, Settings, Text
from archive.audit.index import Source
from archive.audit.items import Corpus, Item
from archive.audit.slices import year_of
from archive.digest import sha256_hex
from archive.errors import LowbgError, UsageError
from archive.signals.hashing import Hashes, mix
from archive.signals.language import identified

MOST_TEXTS: Final = 10_000
"""Of each language and side; the estimator holds them while it counts their words."""

MOST_CHARACTERS: Final = 20_000
"""Of a text that a reference takes: a book is not to outweigh a thousand pages."""

UNKNOWN: Final = "und"

WRITERS: Final = ("source", "model")
"""Columns of synthetic text that say what wrote it; the first that has a value is the stratum."""


@dataclass(frozen=True)
class References:
    """A reference for each language that has enough on both sides, and why others have none."""

    of: dict[str, Reference]
    refused: dict[str, str]
    facts: dict[str, Any]

    def reason(self, language: str) -> str:
        """Why texts of a language are not estimated."""
        if language == UNKNOWN:
            return "the language is not known"
        return self.refused.get(language, f"{language}: no synthetic reference in this language")


@dataclass
class Lowest:
    """The items of the lowest keys, `most` of each language."""

    most: int
    held: dict[str, list[tuple[int, Text]]] = field(default_factory=dict)
    _keys: dict[str, set[int]] = field(default_factory=dict)

    def add(self, language: str, key: int, text: Text) -> None:
        """Takes a text in, unless one of its key is there: equal texts count once."""
        heap, keys = self.held.setdefault(language, []), self._keys.setdefault(language, set())
        if key in keys or (len(heap) >= self.most and key >= -heap[0][0]):
            return
        keys.add(key)
        heapq.heappush(heap, (-key, text))
        if len(heap) > self.most:
            keys.remove(-heapq.heappop(heap)[0])

    def texts(self, language: str) -> list[Text]:
        """Those of a language, in the order of their keys."""
        return [text for _, text in sorted(self.held.get(language, ()), key=lambda e: -e[0])]


def language_of(text: str) -> str:
    """The language of a text as signals have it: ISO 639, or und."""
    return identified([text])[0][0]


def build(
    against: Against,
    synthetic: Sequence[Corpus],
    settings: Settings,
    most: int = MOST_TEXTS,
) -> References:
    """A reference for each language of the synthetic texts; UsageError if there is no text."""
    made = Lowest(most)
    counts: Counter[str] = Counter()
    for item in _items(synthetic, counts):
        text = item.text[:MOST_CHARACTERS]
        language = language_of(text)
        named = (item.columns.get(column) for column in WRITERS)
        source = str(next(filter(None, named), "synthetic"))
        made.add(language, _key(text), Text(text, source[:120], language, year_of(item)))
    if not made.held:
        raise UsageError(
            f"no text in {', '.join(corpus.name for corpus in synthetic)}",
            next_step="rows left out: "
            + (", ".join(f"{rows} {reason}" for reason, rows in counts.items()) or "none")
            + "; --text-column is of every side",
        )
    languages = sorted(set(made.held) - {UNKNOWN})
    human = _human(against, languages, settings.seed % 2**64, most)
    of: dict[str, Reference] = {}
    refused: dict[str, str] = {}
    for language in languages:
        try:
            of[language] = Reference.build(human.texts(language), made.texts(language), settings)
        except LowbgError as error:
            refused[language] = f"{language}: {error}"
    facts = {
        "synthetic": [corpus.name for corpus in synthetic],
        "rows_left_out": dict(sorted(counts.items())),
        "languages": {
            language: {
                "human": len(human.texts(language)),
                "synthetic": len(made.texts(language)),
                "digest": reference.digest,
            }
            for language, reference in of.items()
        },
        "refused": refused,
    }
    return References(of, refused, facts)


def _items(corpora: Sequence[Corpus], left: Counter[str]) -> Iterator[Item]:
    for corpus in corpora:
        for row in corpus.rows(lambda _: None):
            if isinstance(row, Item):
                if row.text.strip():
                    yield row
            else:
                left[row.reason] += 1


def _key(text: str) -> int:
    return int(sha256_hex(text.encode())[:16], 16)


def _human(against: Against, languages: Sequence[str], seed: int, most: int) -> Lowest:
    """Of each language the documents of the lowest keys; their texts are read last."""
    chosen = _chosen(against, languages, seed, most)
    found = Lowest(most)
    columns = ("id", "text", "host", "registered_domain", "captured_at", "year")
    for row in texts_of(against, chosen, columns):
        text = row["text"][:MOST_CHARACTERS]
        language = language_of(text)
        if language in languages and text.strip():
            source = row["registered_domain"] or row["host"] or ""
            year = str(row["year"] or "")
            key = int(mix(np.array([int(row["id"][:16], 16) ^ seed], np.uint64))[0])
            found.add(language, key, Text(text, source, language, year))
    return found


def _chosen(
    against: Against, languages: Sequence[str], seed: int, most: int
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Rows of the index: `most` of each language, or of all where no signals say languages."""
    held: dict[str, list[tuple[Hashes, np.ndarray[Any, np.dtype[np.int64]]]]] = {}
    for base, keys, said in _said(against, seed):
        for language in set(said) & {*languages, ""}:
            here = np.flatnonzero(said == language)
            held.setdefault(language, []).append((keys[here], here + base))
            if sum(len(part[0]) for part in held[language]) > 4 * most:
                held[language] = [_lowest(held[language], most)]
    # Where the languages are not known, most of a sample may be in others than are wanted.
    rows = [_lowest(parts, most if name else 4 * most)[1] for name, parts in held.items()]
    return np.sort(np.concatenate([np.zeros(0, np.int64), *rows]))


def _lowest(parts: list[Any], most: int) -> tuple[Hashes, Any]:
    keys, rows = (np.concatenate([part[i] for part in parts]) for i in range(2))
    order = np.argsort(keys, kind="stable")[:most]
    return keys[order], rows[order]


def _said(against: Against, seed: int) -> Iterable[tuple[int, Hashes, Any]]:
    """(first row, key of each document, its language by the signals or empty), source by source."""
    index = against.index
    for number, source in enumerate(against.sources):
        begin, end = index.bases[number : number + 2].tolist()
        yield (
            begin,
            mix(index.first_words(begin, end) ^ np.uint64(seed)),
            _languages(source, end - begin),
        )


def _languages(source: Source, count: int) -> Any:
    if source.signals is None:
        return np.full(count, "", dtype=object)
    import pyarrow.parquet as pq

    table = pq.read_table(source.signals, columns=["language"])["language"]
    languages = np.array(table.to_pylist(), dtype=object)
    return languages if source.rows is None else languages[np.load(source.rows)]
