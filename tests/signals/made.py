"""Texts that exercise every rule: many scripts, repeats, marks, blank lines."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from archive import signals

PIECES = [
    "the",
    "The",
    "of",
    "and",
    "that",
    "with",
    "a",
    "b",
    "cat",
    "don't",
    "naïve",
    "3.14",
    "1,000",
    "#tag",
    "...",
    "…",
    ".",
    ".",
    ".",
    "-",
    "•",
    "●",
    "*",
    "the,",
    "cat.",
    "Cat!",
    "ok?",
    "«oui»",
    "我是学生。",
    "東京タワー",
    "ไทยภาษา",
    "мир.",
    "שָׁלוֹם",
    "السلام",
    "٣٤",
    "½",
    "🇫🇷🇩🇪",
    "👩\u200d👩\u200d👧",
    "é",
    "_x_",
    "{a|b}",
    "[1]",
    "lorem",
    "ipsum",
    "javascript",
    "use",
    "cookies",
    "http://x.org",
    "a@b.com",
    "8.8.8.8",
    "+44",
    "20",
    "7946",
    "0958",
]

pieces = st.one_of(st.sampled_from(PIECES), st.sampled_from(["a", "b"]), st.text(max_size=4))
texts = st.lists(
    st.tuples(pieces, st.sampled_from([" ", " ", " ", "\n", "\n\n", "\n\n\n", "  ", "\t", ""])),
    max_size=60,
).map(lambda parts: "".join(piece + space for piece, space in parts))


def row(text: str) -> dict[str, Any]:
    """The signals of one text, by name."""
    return signals.compute([{"id": "x", "text": text}]).to_pylist()[0]  # type: ignore[no-any-return]
