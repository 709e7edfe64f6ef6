"""Ranges of a file are exactly those bytes, of one version, or an error."""

from __future__ import annotations

import random
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.errors import Unreachable
from archive.remote import Politeness, politely, ranges, read_ranges, receive
from tests.servers import (
    Behaviour,
    Exchange,
    Still,
    Web,
    changing,
    cut,
    honest,
    says,
    shifted,
    whole,
)

DATA = random.Random(4).randbytes(200_000)
OTHER = random.Random(5).randbytes(200_000)

pieces = st.tuples(st.integers(0, len(DATA)), st.integers(0, 40_000)).map(
    lambda piece: (piece[0], min(piece[1], len(DATA) - piece[0]))
)
faults: st.SearchStrategy[Behaviour] = st.one_of(
    st.integers(0, 50_000).map(cut), st.just(says(503)), st.just(whole)
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    wanted=st.lists(pieces, max_size=8),
    gap=st.sampled_from([0, 1, 1000, 1 << 20]),
    script=st.lists(faults, max_size=3),
    etag=st.sampled_from(['"1"', None]),
    served=st.booleans(),
)
def test_each_range_is_exactly_its_bytes_in_the_order_asked_for(
    site: Web,
    wanted: list[tuple[int, int]],
    gap: int,
    script: list[Behaviour],
    etag: str | None,
    served: bool,
) -> None:
    url = site.put("f", DATA, *script, etag=etag, ranges=served)
    found = list(read_ranges(url, wanted, gap=gap))
    assert found == [DATA[offset : offset + length] for offset, length in wanted]


def test_ranges_that_lie_together_are_one_request(site: Web) -> None:
    url = site.put("f", DATA)
    wanted = [(100, 50), (150, 10), (200, 40), (90_000, 5), (89_000, 5)]
    list(read_ranges(url, wanted, gap=40))
    assert site.ranges()[0] == "bytes=100-239"
    assert sorted(site.ranges()[1:], key=str) == ["bytes=89000-89004", "bytes=90000-90004"]


def test_requests_are_no_larger_than_what_memory_is_kept_for(
    site: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "SPAN", 1000)
    url = site.put("f", DATA)
    wanted = [(at, 300) for at in range(0, 3000, 300)]
    assert b"".join(read_ranges(url, wanted)) == DATA[:3000]
    assert sorted(site.ranges(), key=str) == [
        "bytes=0-899", "bytes=1800-2699", "bytes=2700-2999", "bytes=900-1799"
    ]  # fmt: skip


def test_no_more_requests_are_under_way_than_allowed(site: Web, clock: Still) -> None:
    def slowly(exchange: Exchange) -> None:
        time.sleep(0.01)
        honest(exchange)

    url = site.put("f", DATA, *[slowly] * 60)
    wanted = [(at, 10) for at in range(0, 120_000, 4000)]
    with politely(Politeness(clock=clock, bytes_per_second=None, connections=3)):
        found = list(read_ranges(url, wanted, gap=0))
    assert found == [DATA[at : at + 10] for at, _ in wanted]
    assert 1 < site.most_at_once <= 3


def test_a_range_beyond_the_end_is_an_error(site: Web) -> None:
    url = site.put("f", DATA)
    for wanted in (
        [(199_999, 2)],
        [(200_000, 1)],
        [(300_000, 1)],
        [(0, 1), (199_999, 2)],
        [(0, 1), (300_000, 1)],
        [(0, 200_001)],
    ):
        with pytest.raises(Unreachable, match="ends") as caught:
            list(read_ranges(url, wanted, gap=0))
        assert caught.value.tries == 1
    assert list(read_ranges(url, [(200_000, 0), (5, 0)])) == [b"", b""]


def test_a_range_that_is_none_is_refused(site: Web) -> None:
    url = site.put("f", DATA)
    for wrong in ((-1, 5), (5, -1)):
        with pytest.raises(ValueError, match="no range"):
            list(read_ranges(url, [wrong]))
    assert site.asked == []


def test_a_file_that_changes_between_ranges_is_an_error(site: Web) -> None:
    for etag in ('"2"', None):
        url = site.put("f", DATA, honest, changing(OTHER, etag))
        with pytest.raises(Unreachable, match="it changed while it was read"):
            list(read_ranges(url, [(0, 10), (150_000, 10)], gap=0))


def test_what_came_of_a_range_is_not_asked_for_again(site: Web) -> None:
    url = site.put("f", DATA, cut(70_000))
    assert list(read_ranges(url, [(1000, 100_000)])) == [DATA[1000:101_000]]
    assert site.ranges() == ["bytes=1000-100999", "bytes=71000-100999"]


def test_another_range_than_the_one_asked_for_is_refused(site: Web) -> None:
    url = site.put("f", DATA, *[shifted(1)] * 9)
    with pytest.raises(Unreachable, match="bytes from 500 on were asked for, bytes from 501"):
        list(read_ranges(url, [(500, 10)]))


def test_a_server_without_ranges_is_read_from_the_start_if_that_is_not_far(
    site: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = site.put("f", DATA, ranges=False)
    assert list(read_ranges(url, [(150_000, 10)])) == [DATA[150_000:150_010]]
    monkeypatch.setattr(receive, "SKIP", 100_000)
    with pytest.raises(Unreachable, match="no ranges, only the whole file"):
        list(read_ranges(url, [(150_000, 10)]))


def test_who_reads_no_further_waits_for_nothing(site: Web) -> None:
    release = threading.Event()

    def held(exchange: Exchange) -> None:
        release.wait(60)
        honest(exchange)

    url = site.put("f", DATA, honest, held, held, held)
    reading = read_ranges(url, [(at, 10) for at in range(0, 120_000, 4000)], gap=0)
    assert next(reading) == DATA[:10]
    reading.close()  # type: ignore[attr-defined]
    assert not release.is_set()
    release.set()


def test_what_is_not_wanted_any_more_is_not_tried_again(site: Web) -> None:
    came, release = threading.Event(), threading.Event()

    def behave(exchange: Exchange) -> None:
        start = (exchange.asked.range or "")[6:].partition("-")[0]
        if start == "90000":
            came.wait(60)
            says(404)(exchange)
        elif start == "180000":
            came.set()
            release.wait(60)
            says(503)(exchange)
        else:
            honest(exchange)

    url = site.put("f", DATA, *[behave] * 99)
    before = set(threading.enumerate())
    with pytest.raises(Unreachable, match="404"):
        list(read_ranges(url, [(0, 10), (90_000, 10), (180_000, 10)], gap=0))
    release.set()
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("ThreadPoolExecutor"):
            thread.join()
    assert site.ranges().count("bytes=180000-180009") == 1
