"""Personal data: what is found, where, and what only looks like it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals.made import row


def found(text: str, kind: str) -> list[str]:
    spans = row(text)[f"{kind}_spans"]
    assert len(spans) == 2 * row(text)[f"{kind}s"]
    return [text[a:b] for a, b in zip(spans[::2], spans[1::2], strict=True)]


EMAILS = {
    "write to jane.doe+web@mail.example.co.uk.": ["jane.doe+web@mail.example.co.uk"],
    "(a@b.org,c@d.info)": ["a@b.org", "c@d.info"],
    "mailto:x_1@sub-domain.example.com?subject=hi": ["x_1@sub-domain.example.com"],
    "почта: ivan@пример.рф или ivan@example.ru": ["ivan@example.ru"],
    "联系我们a@b.cn谢谢": ["a@b.cn"],
    "'o'neil@example.com'": ["o'neil@example.com"],
    "meet @ten o'clock, user@localhost, @handle, a@b, a@b.c, @example.com": [],
    "a..@example.com a@-x.com": [],
}


@pytest.mark.parametrize("text", EMAILS)
def test_email_addresses_are_found_whole_and_nothing_else(text: str) -> None:
    assert found(text, "email") == EMAILS[text]


ADDRESSES = {
    "from 8.8.8.8, then 93.184.216.34.": ["8.8.8.8", "93.184.216.34"],
    "10.0.0.1 127.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.0.1 100.64.0.1": [],
    "172.15.255.255 172.32.0.0": ["172.15.255.255", "172.32.0.0"],
    "9.255.255.255 11.0.0.0": ["9.255.255.255", "11.0.0.0"],
    "192.0.2.1 198.51.100.7 203.0.113.9 198.18.0.1 224.0.0.1 255.255.255.255 0.1.2.3": [],
    "256.1.1.1 1.2.3 1.2.3.4.5 01.2.3.4 1.2.3.1000": [],
    "http://8.8.4.4:80/": ["8.8.4.4"],
    "٨.٨.٨.٨": [],
}


@pytest.mark.parametrize("text", ADDRESSES)
def test_public_addresses_are_found_and_reserved_ones_are_not(text: str) -> None:
    assert found(text, "ip") == ADDRESSES[text]


PHONES = {
    "Tel. +44 20 7946 0958, Fax": ["+44 20 7946 0958"],
    "+49 (0)30 901820 oder +33.1.42.68.53.00": ["+49 (0)30 901820", "+33.1.42.68.53.00"],
    "+1-212-555-0123": ["+1-212-555-0123"],
    "call (212) 555-0123 or 212-555-0123 or 212.555.0123": [
        "(212) 555-0123",
        "212-555-0123",
        "212.555.0123",
    ],
    "1-800-555-0199!": ["1-800-555-0199"],
    "电话+86 10 6552 9988。": ["+86 10 6552 9988"],
    "112-555-0123, 212-155-0123, 212-555.0123": [],  # area or exchange from 1; marks mixed
    "ISBN 978-3-16-148410-0, 1999-2005, 2008-04-30 12:00, 12345678901": [],
    "1 234 567 890 people, 3.14159265, 50-60-70": [],
    "+1234 and x+5 10 20": [],
}


@pytest.mark.parametrize("text", PHONES)
def test_phone_numbers_are_found_by_a_conservative_rule(text: str) -> None:
    assert found(text, "phone") == PHONES[text]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab1234567890@.+-() \n我", max_size=60))
def test_spans_are_in_order_apart_and_inside_the_text(text: str) -> None:
    signals = row(text)
    for kind in ("email", "ip", "phone"):
        spans = signals[f"{kind}_spans"]
        assert spans == sorted(spans)
        assert all(0 <= a < b <= len(text) for a, b in zip(spans[::2], spans[1::2], strict=True))
        assert not any("\n" in text[a:b] for a, b in zip(spans[::2], spans[1::2], strict=True))
