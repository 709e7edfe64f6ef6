"""Texts whose statistics can be worked out on paper."""

from __future__ import annotations

from itertools import count
from typing import NamedTuple

LETTERS = "bcdfghjklmnpqrstvwxz"


class Case(NamedTuple):
    """A text, the rule that judges it in some cuts, the column's value, and the verdict."""

    cuts: str  # names, separated by spaces
    rule: str
    text: str
    column: str
    value: float
    kept: bool


def word(number: int, length: int = 5) -> str:
    """A word of its own for each number, without a vowel, so no word of any language."""
    drawn = ""
    for _ in range(length):
        number, digit = divmod(number, len(LETTERS))
        drawn = LETTERS[digit] + drawn
    return drawn


def words(number: int, length: int = 5, start: int = 0) -> str:
    """Different words of one length, separated by spaces."""
    return " ".join(word(start + i, length) for i in range(number))


def filler(size: int) -> str:
    """Different words, exactly `size` characters with the spaces between them."""
    number, rest = divmod(size + 1, 6)
    return words(number - 1) + " " + word(number, 5 + rest)


def letters(size: int) -> str:
    """Different words, exactly `size` characters without the spaces between them."""
    number, rest = divmod(size, 5)
    return words(number - 1) + " " + word(number, 5 + rest)


def lines(number: int, each: int = 3, end: str = "", start: int = 0) -> list[str]:
    """Different lines of `each` words of five letters: 17 characters for three."""
    return [words(each, start=start + each * i) + end for i in range(number)]


def gram(*lengths: int) -> str:
    """Words of these lengths, each with a first letter of its own, none of which `words` makes."""
    starts = count(ord("a"))
    return " ".join(chr(next(starts)) + "y" * (length - 1) for length in lengths)


def text_of(*blocks: list[str]) -> str:
    return "\n".join(line for block in blocks for line in block)
