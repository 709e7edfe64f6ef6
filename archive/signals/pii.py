"""Personal data that a rule can find: e-mail addresses, public IPv4 addresses, phone numbers.

Each column of spans is a flat list of start, end, start, end ... in code points of the text.
The rules are conservative: what is found is nearly always meant as one; not everything is found.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np

from archive.signals.kernels.scan import digit_runs
from archive.signals.unicode import one_of
from archive.signals.view import View

COLUMNS = ("emails", "email_spans", "ips", "ip_spans", "phones", "phone_spans")

LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}\Z")
DOMAIN: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])"
)
OCTETS: Final = re.compile(r"(?<![\d.])(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}(?!\.?\d)")

# IANA special-purpose registry (2024-08) and multicast: first and last address of each block.
RESERVED: Final = tuple(
    tuple(int.from_bytes(bytes(map(int, address.split("."))), "big") for address in pair.split("-"))
    for pair in (
        "0.0.0.0-0.255.255.255",
        "10.0.0.0-10.255.255.255",
        "100.64.0.0-100.127.255.255",
        "127.0.0.0-127.255.255.255",
        "169.254.0.0-169.254.255.255",
        "172.16.0.0-172.31.255.255",
        "192.0.0.0-192.0.0.255",
        "192.0.2.0-192.0.2.255",
        "192.88.99.0-192.88.99.255",
        "192.168.0.0-192.168.255.255",
        "198.18.0.0-198.19.255.255",
        "198.51.100.0-198.51.100.255",
        "203.0.113.0-203.0.113.255",
        "224.0.0.0-255.255.255.255",
    )
)

# E.164 with a plus, 8 to 15 digits; or the North American plan, area and exchange from 2.
PLUS: Final = re.compile(
    r"(?<![A-Za-z0-9+])\+[1-9]\d{0,2}(?:[ .-]?\(0?\d{1,4}\))?(?:[ .-]?\d{1,4}){2,5}(?!\d)"
)
NORTH_AMERICA: Final = re.compile(
    r"(?<![\w.+/-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}([-. ]))[2-9]\d{2}(?(1)\1|[-. ])\d{4}"
    r"(?![\w-]|\.\d)"
)
PHONE_MARKS: Final = "0123456789+() .-"
FEWEST_DIGITS: Final = 8
WIDEST_GAP: Final = 4  # characters from one digit of a number to the next


def compute(view: View) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, spans in (("email", emails(view)), ("ip", ips(view)), ("phone", phones(view))):
        lists: list[list[int]] = [[] for _ in view.texts]
        for start, end in spans:
            owner = int(view.document_of(np.array([start]))[0])
            begin = int(view.begins[owner])
            lists[owner] += [start - begin, end - begin]
        found[f"{name}s"] = np.array([len(spans) // 2 for spans in lists], dtype=np.int64)
        found[f"{name}_spans"] = lists
    return found


def emails(view: View) -> list[tuple[int, int]]:
    """Addresses around every at sign, in order, without overlaps."""
    found: list[tuple[int, int]] = []
    for at in view.marks("@").tolist():
        domain = DOMAIN.match(view.raw, at + 1, at + 256)
        local = LOCAL.search(view.raw[max(at - 64, 0) : at]) if domain else None
        if not domain or not local:
            continue
        # A dot or a quote before the local part belongs to the sentence around it.
        start = at - len(local.group().lstrip(".'`{|/=&?#"))
        if start == at or view.raw[at - 1] == "." or (found and start < found[-1][1]):
            continue
        found.append((start, domain.end()))
    return found


def ips(view: View) -> list[tuple[int, int]]:
    """Dotted quads outside the private and reserved blocks."""
    found: list[tuple[int, int]] = []
    for start, end in _runs(view, "0123456789.", digits=4, others=3):
        for match in OCTETS.finditer(view.raw, max(start, 0), end):
            octets = [int(part) for part in match.group().split(".")]
            if max(octets) > 255:
                continue
            address = int.from_bytes(bytes(octets), "big")
            if not any(low <= address <= high for low, high in RESERVED) and (
                not found or match.start() >= found[-1][1]
            ):
                found.append(match.span())
    return found


def phones(view: View) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in _runs(view, PHONE_MARKS, digits=FEWEST_DIGITS, others=0):
        here = [
            match.span()
            for pattern in (PLUS, NORTH_AMERICA)
            for match in pattern.finditer(view.raw, max(start, 0), end)
            if FEWEST_DIGITS <= sum(map(str.isdigit, match.group())) <= 15
        ]
        for span in sorted(here):
            if not found or span[0] >= found[-1][1]:
                found.append(span)
    return found


def _runs(view: View, characters: str, digits: int, others: int) -> list[tuple[int, int]]:
    """Maximal stretches of these characters with at least so many ASCII digits and others."""
    starts, ends = digit_runs(view.codes, one_of(characters), WIDEST_GAP, digits, others)
    # A few characters more on either side: a plus or a bracket, and what must not stand there.
    return list(zip((starts - 3).tolist(), (ends + 1).tolist(), strict=True))
