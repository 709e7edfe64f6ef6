"""The rules again, one text and one step at a time, to hold the array code against.

Nothing here shares code with archive.signals but the frozen Unicode table and the splitmix64
constants: words are cut rule by rule, n-grams are tuples in a Counter, duplicates are sets.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence

from archive.signals.unicode import WORD_BREAK, properties

STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}
INVISIBLE = set("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")


def segments(text: str) -> list[str]:
    """UAX #29 word segments (Unicode 18, section 4.1.1), rule by rule."""
    table = properties()
    kinds = [WORD_BREAK[table.word_break[ord(c)]] for c in text]
    pictures = [bool(table.flags[ord(c)] & 64) for c in text]
    cuts = [0] + [i for i in range(1, len(text)) if _breaks(kinds, pictures, i)]
    return [text[a:b] for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True) if b > a]


def _breaks(kinds: list[str], pictures: list[bool], i: int) -> bool:
    newlines, absorbed = {"CR", "LF", "Newline"}, {"Extend", "Format", "ZWJ"}
    left, right = kinds[i - 1], kinds[i]
    if left == "CR" and right == "LF":
        return False
    if left in newlines or right in newlines:
        return True
    if left == "ZWJ" and pictures[i]:
        return False
    if left == right == "WSegSpace":
        return False
    if right in absorbed:
        return False
    # WB4: look past what is absorbed.
    before = _visible(kinds[:i])
    after = [kinds[i], *(k for k in kinds[i + 1 :] if k not in absorbed)]
    a2, a1 = (["", "", *before])[-2:]
    b1, b2 = ([*after, "", ""])[:2]
    letters = {"ALetter", "Hebrew_Letter"}
    mid_letter = {"MidLetter", "MidNumLet", "Single_Quote"}
    mid_number = {"MidNum", "MidNumLet", "Single_Quote"}
    body = letters | {"Numeric"}
    joined = (
        (a1 in body and b1 in body)
        or (a1 in letters and b1 in mid_letter and b2 in letters)
        or (a2 in letters and a1 in mid_letter and b1 in letters)
        or (a1 == "Hebrew_Letter" and b1 == "Single_Quote")
        or (a1 == b2 == "Hebrew_Letter" and b1 == "Double_Quote")
        or (a2 == b1 == "Hebrew_Letter" and a1 == "Double_Quote")
        or (a1 == b2 == "Numeric" and b1 in mid_number)
        or (a2 == b1 == "Numeric" and a1 in mid_number)
        or (a1 == b1 == "Katakana")
        or (a1 in body | {"Katakana", "ExtendNumLet"} and b1 == "ExtendNumLet")
        or (a1 == "ExtendNumLet" and b1 in body | {"Katakana"})
        or (a1 == b1 == "Regional_Indicator" and _run(before) % 2 == 1)
    )
    return not joined


def _visible(kinds: list[str]) -> list[str]:
    kept: list[str] = []
    for i, kind in enumerate(kinds):
        starts = i == 0 or kinds[i - 1] in {"CR", "LF", "Newline"}
        if kind in {"Extend", "Format", "ZWJ"}:
            if starts:
                kept.append("Other")
        else:
            kept.append(kind)
    return kept


def _run(before: list[str]) -> int:
    count = 0
    while count < len(before) and before[-1 - count] == "Regional_Indicator":
        count += 1
    return count


def flag(character: str, bit: int) -> bool:
    return bool(properties().flags[ord(character)] & bit)


def tokens(text: str) -> list[str]:
    found: list[str] = []
    last = ""
    for segment in segments(text):
        if len(last) == 1 and segment[0] == last and not flag(last, 2 | 4):
            found[-1] += segment
        else:
            found.append(segment)
        last = segment
    return [s for s in found if not flag(s[0], 4) and s[0] not in INVISIBLE]


def words(text: str) -> list[str]:
    return [s for s in tokens(text) if any(flag(c, 2) for c in s)]


def lower(text: str) -> str:
    return "".join(chr(properties().lower[ord(c)]) for c in text)


def over(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


# Repetition


def later_copies(items: Sequence[str]) -> tuple[int, int]:
    seen: set[str] = set()
    number = chars = 0
    for item in items:
        if item in seen:
            number, chars = number + 1, chars + len(item)
        seen.add(item)
    return number, chars


def repetition(text: str) -> dict[str, float]:
    lines = re.split("\n+", text)
    release = text.split("\n")
    if release[-1] == "":
        release.pop()
    paragraphs = re.split("\n{2,}", text.strip())
    found = {
        "gopher_dup_lines": over(later_copies(lines)[0], len(lines)),
        "gopher_dup_lines_2024": over(later_copies(release)[0], len(release)),
        "gopher_dup_line_chars": over(later_copies(lines)[1], len(text)),
        "gopher_dup_paragraphs": over(later_copies(paragraphs)[0], len(paragraphs)),
        "gopher_dup_paragraph_chars": over(later_copies(paragraphs)[1], len(text)),
    }
    cut = tokens(text)
    for n in (2, 3, 4):
        found[f"gopher_top_{n}gram"] = over(_top(cut, n), len(text))
    for n in range(5, 11):
        found[f"gopher_dup_{n}gram"] = over(_greedy(cut, n), len(text))
    for kind, separator in (("line", "\n"), ("paragraph", "\n{2,}")):
        parts = [p.strip() for p in re.split(separator, text) if p.strip()]
        counts = Counter(parts)
        twice = [p for p in parts if counts[p] > 1]
        found[f"dclm_dup_{kind}s"] = over(len(twice), len(parts))
        found[f"dclm_dup_{kind}_chars"] = over(sum(map(len, twice)), sum(map(len, parts)))
    cut = words(text)
    whole = sum(map(len, cut))
    for n in range(2, 11):
        grams = [tuple(cut[i : i + n]) for i in range(len(cut) - n + 1)]
        counts_n = Counter(grams)
        most = max(counts_n.values(), default=0)
        if n < 5:
            sizes = [sum(map(len, g)) for g, c in counts_n.items() if c == most > 1]
            found[f"dclm_top_{n}gram"] = over(max(sizes, default=0) * most, whole)
        else:
            covered = {i + k for i, g in enumerate(grams) if counts_n[g] > 1 for k in range(n)}
            found[f"dclm_dup_{n}gram"] = over(sum(len(cut[i]) for i in covered), whole)
    return found


def _top(cut: list[str], n: int) -> int:
    grams: list[Hashable] = [tuple(cut[i : i + n]) for i in range(len(cut) - n + 1)]
    if not grams:
        return 0
    gram, count = Counter(grams).most_common(1)[0]
    return len(" ".join(gram)) * count  # type: ignore[arg-type]


def _greedy(cut: list[str], n: int) -> int:
    seen: set[tuple[str, ...]] = set()
    chars = at = 0
    while at < len(cut) - n + 1:
        gram = tuple(cut[at : at + n])
        if gram in seen:
            chars += sum(map(len, gram))
            at += n
        else:
            seen.add(gram)
            at += 1
    return chars


# MinHash

MASK = 2**64 - 1


def mix(value: int) -> int:
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & MASK
    return value ^ value >> 31


def span_hash(values: Sequence[int]) -> int:
    total = 0
    for i, value in enumerate(values):
        total += (value + 1) * pow(0x9E3779B97F4A7C15, i, 2**64)
    return mix(total & MASK ^ len(values) * 0xD6E8FEB86659FD93 & MASK)


def minhash(text: str) -> bytes:
    cut = [span_hash([ord(c) for c in lower(word)]) for word in words(text)]
    if cut:
        grams = [cut[i : i + 5] for i in range(max(len(cut) - 4, 1))]
        hashes = {span_hash(gram) >> 32 for gram in grams}
    else:
        hashes = {span_hash([ord(c) for c in "".join(lower(text).split())]) >> 32}
    drawn = [mix((0x6C6F776267 + k) & MASK) >> 32 for k in range(256)]
    return b"".join(
        min(((drawn[k] | 1) * x + drawn[128 + k]) % 2**32 for x in hashes).to_bytes(4, "little")
        for k in range(128)
    )
