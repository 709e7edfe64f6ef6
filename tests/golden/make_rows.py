"""Writes rows-v1.jsonl: rows, their row-v1 encoding and leaf, by code written apart from archive/.

Run by `make golden`. The file must never change for a row that is in it: a difference means that
the encoding changed, and then it is no longer row-v1.
"""

from __future__ import annotations

import hashlib
import json
import random
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("rows-v1.jsonl")
COLUMNS = (  # in ASCII order
    *("captured_at", "extractor", "length", "member", "offset"),
    *("payload_digest", "source", "text", "url"),
)
EMPTY = hashlib.sha256(b"").hexdigest()
BASE: dict[str, Any] = {
    "captured_at": 1209588505000000,  # 2008-04-30T20:48:25Z
    "extractor": "plain/1",
    "length": 100,
    "member": None,
    "offset": 0,
    "payload_digest": f"sha256:{EMPTY}",
    "source": EMPTY,
    "text": "Hello",
    "url": "http://example.org/",
}

TEXTS = {
    "empty": "",
    "one byte": "a",
    "a comma": ",",
    "a netstring inside": "5:Hello,",
    "a null's spelling": "-,",
    "digits and colon": "12:34",
    "NUL": "\0",
    "NUL inside": "a\0b",
    "control characters": "".join(map(chr, range(1, 32))),
    "DEL and C1": "\x7f\x80\x85\x9f",
    "line ends": "a\nb\r\nc\rd\u2028e\u2029f",
    "no-break and zero-width spaces": "a\u00a0b\u200bc\ufeffd",
    "byte order mark": "\ufeffHello",
    "emoji": "\U0001f600",
    "emoji of several": "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "emoji with skin tone": "\U0001f44d\U0001f3fd",
    "flag": "\U0001f1eb\U0001f1f7",
    "Arabic": "السلام عليكم",
    "Hebrew": "שלום עולם",
    "RTL override": "abc\u202edef\u202cghi",
    "Persian with ZWNJ": "می\u200cخواهم",
    "Chinese": "你好，世界",
    "Japanese": "こんにちは世界",
    "halfwidth": "ﾊﾝｶｸ",
    "Korean": "안녕하세요",
    "Korean in jamo": unicodedata.normalize("NFD", "안녕"),
    "Thai": "สวัสดี",
    "Hindi": "नमस्ते",
    "Tamil": "வணக்கம்",
    "Greek": "Καλημέρα κόσμε ς σ Σ",
    "Cyrillic": "Привет, мир",
    "Armenian": "Բարեւ",
    "Georgian": "გამარჯობა",
    "Amharic": "ሰላም",
    "Cherokee": "ᏣᎳᎩ",
    "Gothic": "\U00010330\U00010331",
    "Turkish i": "iİıI",
    "sharp s": "ß ẞ ss",
    "ligatures": "ﬁ ﬂ",
    "fullwidth": "ＡＢＣ",
    "Angstrom sign": "\u212b",
    "A with ring": "\u00c5",
    "A and combining ring": "A\u030a",
    "many combining marks": "e" + "\u0301\u0323" * 20,
    "private use": "\ue000\uf8ff\U000f0000\U0010fffd",
    "noncharacters": "\ufffe\uffff\U0001ffff\U0010ffff",
    "replacement character": "\ufffd",
    "last of one byte": "\x7f",
    "first of two bytes": "\u0080",
    "last of two bytes": "\u07ff",
    "first of three bytes": "\u0800",
    "last before the surrogates": "\ud7ff",
    "first after the surrogates": "\ue000",
    "last of three bytes": "\uffff",
    "first of four bytes": "\U00010000",
    "last of all": "\U0010ffff",
    "quotes and backslashes": "\"'`\\\\n%s{}$1",
    "SQL": "'; DROP TABLE documents; --",
    "trailing space": "Hello ",
    "leading space": " Hello",
    "9 bytes": "x" * 9,
    "10 bytes": "x" * 10,
    "12 bytes, where a short string ends in some engines": "x" * 12,
    "13 bytes": "x" * 13,
    "99 bytes": "x" * 99,
    "100 bytes": "x" * 100,
    "10,000 bytes": "0123456789" * 1000,
    "3,333 characters of three bytes": "漢" * 3_333,
}
COMPOSED = ["é", "ñ", "ü", "Å", "ộ", "ệ", "が", "ガ", "한", "ệ̣", "क़", "ḍ̇", "ſ̣", "ά"]


def rows() -> Iterator[tuple[str, dict[str, Any]]]:
    """What a row is there for, and the row."""
    yield "the example of the specification", BASE
    for what, text in TEXTS.items():
        yield f"text: {what}", {**BASE, "text": text}
    for text in COMPOSED:
        for form in ("NFC", "NFD"):
            yield f"text: {form} of {text}", {**BASE, "text": unicodedata.normalize(form, text)}
    for number in (0, 1, 9, 10, 99, 100, 2**31 - 1, 2**31, 2**53 - 1, 2**53, 2**63 - 1):
        for name in ("length", "member", "offset"):
            yield f"{name}: {number}", {**BASE, name: number}
    for time in (0, 1, -1, 999_999, 1_000_000, 1209588505123456, 253402300799999999, -(10**15)):
        yield f"captured_at: {time}", {**BASE, "captured_at": time}
    for name in ("extractor", "payload_digest", "source", "url"):
        yield f"{name}: empty", {**BASE, name: ""}
        yield f"{name}: in other scripts", {**BASE, name: "näme/名前?q=\0"}
        yield f"{name}: moved into its neighbour", {**BASE, name: "Hello", "text": BASE[name]}
    yield from _random(60)


def _random(count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    # randrange and getrandbits: their sequence for a seed is kept by Python, that of sample is not.
    dice = random.Random(1)
    for number in range(count):
        row = dict(BASE)
        row["captured_at"] = dice.getrandbits(50)
        row["length"], row["offset"] = dice.getrandbits(40), dice.getrandbits(63)
        row["member"] = dice.getrandbits(63) if dice.randrange(2) else None
        points = (dice.randrange(0x110000 - 0x800) for _ in range(dice.randrange(60)))
        row["text"] = "".join(chr(p if p < 0xD800 else p + 0x800) for p in points)
        yield f"random {number}", row


def encode(row: dict[str, Any]) -> bytes:
    """Row-v1, written out once more."""
    out = b"6:row-v1,"
    for column in COLUMNS:
        if row[column] is None:
            out += b"-,"
        else:
            value = str(row[column]).encode("utf-8")
            out += str(len(value)).encode("ascii") + b":" + value + b","
    return out


def main() -> None:
    with FILE.open("w", encoding="ascii", newline="\n") as file:
        for what, row in rows():
            encoded = encode(row)
            leaf = hashlib.sha256(b"\x00" + encoded).hexdigest()
            line: dict[str, Any] = {"for": what, "row": row, "leaf": leaf}
            if len(encoded) < 1000:
                line["encoded"] = encoded.hex()
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
