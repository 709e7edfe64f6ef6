"""A file from a bad server is the file, whole and of one version, or an error."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.errors import Corrupt, LimitReached, Unreachable, UsageError
from archive.remote import Facts, download, partial, read_bytes, read_start, size_and_mark
from tests.servers import (
    LONG_AGO,
    Behaviour,
    Exchange,
    Still,
    Web,
    announcing,
    changing,
    chunked,
    cut,
    endless,
    says,
    shifted,
    whole,
)

DATA = random.Random(1).randbytes(300_000)
OTHER = random.Random(2).randbytes(300_000)

over_http = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def behaviours() -> st.SearchStrategy[Behaviour]:
    cuts = st.integers(0, len(DATA)).map(cut)
    return st.one_of(
        cuts,
        cuts,
        st.just(whole),
        st.just(says(503)),
        st.integers(1, 99).map(announcing),
    )


@over_http
@given(
    script=st.lists(behaviours(), max_size=3),
    ranges=st.booleans(),
    etag=st.sampled_from(['"1"', 'W/"1"', None]),
    modified=st.sampled_from([LONG_AGO, None]),
)
def test_whatever_breaks_the_file_arrives_whole(
    site: Web, tmp_path: Path, script: list[Behaviour], ranges: bool, etag: str, modified: str
) -> None:
    url = site.put("f", DATA, *script, ranges=ranges, etag=etag, modified=modified)
    got = download(url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA
    assert (got.size, got.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    assert [each.name for each in tmp_path.iterdir()] == ["f"]


@over_http
@given(
    cuts=st.lists(st.integers(0, len(DATA)), min_size=1, max_size=2),
    after=st.integers(0, len(OTHER)),
    etag=st.sampled_from(['"2"', 'W/"2"', None]),
    if_range=st.booleans(),
    size=st.sampled_from([0, 1, 1000, len(OTHER)]),
)
def test_two_versions_are_never_mixed(
    site: Web,
    tmp_path: Path,
    cuts: list[int],
    after: int,
    etag: str | None,
    if_range: bool,
    size: int,
) -> None:
    script = [*map(cut, cuts), changing(OTHER[:size], etag, cut(after))]
    url = site.put("f", DATA, *script, if_range=if_range, modified=None)
    try:
        download(url, tmp_path / "f")
    except Unreachable:
        assert not (tmp_path / "f").exists()
    else:
        assert (tmp_path / "f").read_bytes() in (DATA, OTHER[:size])


def test_a_transfer_goes_on_at_the_byte_it_reached(site: Web, tmp_path: Path) -> None:
    download(site.put("f", DATA, cut(100_000), cut(50_000)), tmp_path / "f")
    assert site.ranges() == ["bytes=0-", "bytes=100000-", "bytes=150000-"]
    assert [each.headers.get("If-Range") for each in site.asked] == [None, '"1"', '"1"']


@pytest.mark.parametrize(
    ("etag", "modified"),
    [(None, None), ('W/"1"', None), (None, "Fri, 01 Jan 2100 00:00:00 GMT")],
)
def test_without_a_strong_mark_nothing_is_gone_on_from(
    site: Web, tmp_path: Path, etag: str | None, modified: str | None
) -> None:
    download(site.put("f", DATA, cut(100_000), etag=etag, modified=modified), tmp_path / "f")
    assert site.ranges() == ["bytes=0-", "bytes=0-"]


def test_an_old_date_vouches_where_there_is_no_etag(site: Web, tmp_path: Path) -> None:
    download(site.put("f", DATA, cut(100_000), etag=None), tmp_path / "f")
    assert site.asked[1].headers["If-Range"] == LONG_AGO


def test_the_server_is_told_who_asks_and_to_send_the_file_as_it_is(
    site: Web, tmp_path: Path
) -> None:
    download(site.put("f", DATA), tmp_path / "f")
    assert site.asked[0].headers["User-Agent"].startswith("lowbackground")
    assert site.asked[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("status", [401, 403, 404, 410, 400, 501])
def test_what_does_not_pass_is_asked_once(site: Web, tmp_path: Path, status: int) -> None:
    url = site.put("f", DATA, *[says(status)] * 9)
    with pytest.raises(Unreachable, match=f"the server says {status}") as caught:
        download(url, tmp_path / "f")
    assert (caught.value.tries, caught.value.missing) == (1, status in (404, 410))
    assert len(site.asked) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_with_growing_waits_and_then_told(
    site: Web, tmp_path: Path, clock: Still, status: int
) -> None:
    url = site.put("f", DATA, *[says(status)] * 9)
    with pytest.raises(Unreachable, match=f"{status}.*tried 4 times") as caught:
        download(url, tmp_path / "f")
    assert "run the same command again" in caught.value.next_step
    # Half of 1, 2 and 4 seconds is certain, half of the rest is the chance of this clock.
    assert clock.slept == [0.75, 1.5, 3.0]


def test_a_server_is_not_asked_again_before_the_time_it_names(
    site: Web, tmp_path: Path, clock: Still
) -> None:
    date = "Tue, 14 Nov 2023 22:15:30 GMT"  # 130 s after the clock's beginning
    script = [says(503, {"Retry-After": "120"}), says(429, {"Retry-After": date})]
    url = site.put("f", DATA, *script)
    download(url, tmp_path / "f")
    assert clock.slept == [120.0, 10.0]


def test_a_wait_that_is_too_long_is_an_error_at_once(
    site: Web, tmp_path: Path, clock: Still
) -> None:
    url = site.put("f", DATA, says(503, {"Retry-After": "86400"}))
    with pytest.raises(Unreachable, match="asks to wait 86,400 s"):
        download(url, tmp_path / "f")
    assert clock.slept == []


def test_a_retry_after_that_is_nonsense_changes_nothing(
    site: Web, tmp_path: Path, clock: Still
) -> None:
    for said in ("soon", "-5", "1e9", ""):
        download(site.put("f", DATA, says(503, {"Retry-After": said})), tmp_path / "f")
    assert clock.slept == [0.75] * 4


def test_progress_makes_the_count_of_tries_begin_anew(site: Web, tmp_path: Path) -> None:
    data = random.Random(3).randbytes(12 << 20)
    url = site.put("f", data, *[cut(1 << 20)] * 10)
    download(url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == data


def test_a_range_from_elsewhere_is_refused(site: Web, tmp_path: Path) -> None:
    for by in (1, 5000):
        with pytest.raises(Unreachable, match="were asked for"):
            download(site.put("f", DATA, *[shifted(by)] * 9), tmp_path / "f")
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "said",
    [
        *("", "bytes", "bytes 0-9/5", "bytes 9-0/300000", "bytes a-b/c", "items 0-9/10"),
        f"bytes 0-9/{'9' * 5000}",
    ],
)
def test_a_part_that_says_nonsense_of_itself_is_refused(
    site: Web, tmp_path: Path, said: str
) -> None:
    url = site.put("f", DATA, *[says(206, {"Content-Range": said}, b"0123456789")] * 9)
    with pytest.raises(Unreachable, match="the server sends a part"):
        download(url, tmp_path / "f")


def test_a_length_that_differs_from_the_range_is_refused(site: Web, tmp_path: Path) -> None:
    headers = {"Content-Range": "bytes 0-9/10", "ETag": '"1"'}
    url = site.put("f", b"", *[says(206, headers, b"01234")] * 9)
    with pytest.raises(Unreachable, match="10 bytes named, 5 announced"):
        download(url, tmp_path / "f")


def test_redirects_are_followed_a_few_times(site: Web, tmp_path: Path) -> None:
    site.put("here", DATA)
    site.put("there", b"", *[says(302, {"Location": "../here"})] * 3)
    url = site.put("f", b"", *[says(307, {"Location": f"{site.url}/there"})] * 3)
    download(url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA
    site.put("loop", b"", *[says(301, {"Location": "/loop"})] * 99)
    with pytest.raises(Unreachable, match="more than 5 redirects"):
        read_bytes(f"{site.url}/loop", 9)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x/"])
def test_redirects_that_leave_the_web_are_not_followed(site: Web, target: str) -> None:
    url = site.put("f", b"", says(302, {"Location": target}))
    with pytest.raises(Unreachable, match="which is not followed") as caught:
        read_bytes(url, 99)
    assert caught.value.tries == 1


def test_a_transfer_without_a_length_is_whole_or_tried_again(site: Web, tmp_path: Path) -> None:
    script = [chunked(DATA[:9], end=False), chunked(b"", end=False), chunked(DATA)]
    download(site.put("f", DATA, *script), tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA


def test_a_body_that_never_ends_is_left(
    site: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial, "UNTOLD", 5_000_000)
    with pytest.raises(LimitReached, match="does not end"):
        download(site.put("f", b"", endless), tmp_path / "f")
    with pytest.raises(Corrupt, match="at most 1000000 bytes, found more"):
        download(site.put("f", b"", endless), tmp_path / "f", most=1_000_000)
    with pytest.raises(LimitReached, match="more than 1,000 bytes"):
        read_bytes(site.put("f", b"", endless), 1000)
    assert read_start(site.put("f", b"", endless), 70_000) == bytes(70_000)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_digest_is_corrupt_and_gone(site: Web, tmp_path: Path) -> None:
    url = site.put("f", DATA)
    digest = hashlib.sha256(DATA).hexdigest()
    download(url, tmp_path / "f", sha256=digest, most=len(DATA))
    with pytest.raises(Corrupt, match=digest):
        download(url, tmp_path / "g", sha256="0" * 64)
    assert [each.name for each in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize("ranges", [True, False])
def test_an_empty_file_is_a_file(site: Web, tmp_path: Path, ranges: bool) -> None:
    assert download(site.put("f", b"", ranges=ranges), tmp_path / "f").size == 0
    assert (tmp_path / "f").read_bytes() == read_bytes(f"{site.url}/f", 0) == b""
    site.behave("f", says(416))  # of a server that does not say why
    assert size_and_mark(f"{site.url}/f").size == 0


def test_size_and_mark_are_told_without_the_bytes(site: Web) -> None:
    url = site.put("f", DATA)
    facts = size_and_mark(url)
    assert (facts.size, facts.mark) == (len(DATA), 'ETag: "1"')
    assert site.ranges() == ["bytes=0-0"]
    facts = size_and_mark(site.put("f", DATA, ranges=False, etag=None))
    assert (facts.size, facts.mark) == (len(DATA), f"Last-Modified: {LONG_AGO}")
    assert size_and_mark(site.put("f", DATA, etag=None, modified=None)).mark is None


def test_what_an_interrupted_process_received_is_gone_on_from(site: Web, tmp_path: Path) -> None:
    url = site.put("f", DATA)

    def stop(_: int) -> None:
        if site.asked and (tmp_path / "f.part").stat().st_size >= 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(url, tmp_path / "f", report=stop)
    site.behave("f", cut(90_000), says(404))
    with pytest.raises(Unreachable):
        download(url, tmp_path / "f")
    assert {each.name for each in tmp_path.iterdir()} == {"f.part", "f.part.json"}
    told: list[int] = []
    download(url, tmp_path / "f", report=told.append)
    assert site.ranges()[-1] == "bytes=90000-"
    assert (tmp_path / "f").read_bytes() == DATA
    assert sum(told) == len(DATA)
    assert [each.name for each in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize("damage", ["bit", "short", "long", "note", "other", "gone"])
def test_what_is_not_as_it_came_is_fetched_anew(site: Web, tmp_path: Path, damage: str) -> None:
    url = site.put("f", DATA, cut(90_000), says(404))
    with pytest.raises(Unreachable):
        download(url, tmp_path / "f")
    part, note = tmp_path / "f.part", tmp_path / "f.part.json"
    came = part.read_bytes()
    if damage == "bit":
        part.write_bytes(came[:-1] + bytes([came[-1] ^ 1]))
    elif damage == "short":
        part.write_bytes(came[:-1])
    elif damage == "long":
        part.write_bytes(came + b"more")  # written, but not yet noted
    elif damage == "note":
        note.write_text(note.read_text()[:-9])
    elif damage == "gone":
        note.unlink()
    else:
        url = site.put("g", DATA)
    download(url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA
    assert site.ranges()[-1] == ("bytes=90000-" if damage == "long" else "bytes=0-")


def test_a_newer_version_is_fetched_from_its_beginning(site: Web, tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        download(site.put("f", DATA, cut(90_000), says(404)), tmp_path / "f")
    download(site.put("f", OTHER, etag='"2"'), tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == OTHER


def test_those_who_want_one_file_at_once_fetch_it_once(site: Web, tmp_path: Path) -> None:
    url = site.put("f", DATA, cut(100_000))
    threads = [threading.Thread(target=download, args=(url, tmp_path / "f")) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "f").read_bytes() == DATA
    assert [each.name for each in tmp_path.iterdir()] == ["f"]
    assert sum(each.range != "bytes=0-" for each in site.asked) == 1


def test_a_full_disk_leaves_nothing_behind(site: Web, tmp_path: Path) -> None:
    url = site.put("f", DATA)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            download(url, tmp_path / "f")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_is_none_is_wrong_use(tmp_path: Path) -> None:
    for url in ("http://", "http://[::1", "http://127.0.0.1:99999/x", "nosuch://x"):
        with pytest.raises(UsageError, match="cannot open"):
            download(url, tmp_path / "f")


def test_a_server_that_always_breaks_where_nothing_vouches_for_the_file_is_given_up(
    site: Web, tmp_path: Path
) -> None:
    data = random.Random(4).randbytes(4 << 20)
    broken = [cut(3 << 20)] * 99
    url = site.put("f", data, *broken, etag=None, modified=None)
    with pytest.raises(Unreachable, match="tried 4 times"):
        download(url, tmp_path / "f")
    changed = [changing(data, f'"{n}"', cut((2 + n % 2) << 20)) for n in range(99)]
    with pytest.raises(Unreachable, match="tried"):
        download(site.put("g", data, *changed), tmp_path / "g")
    assert len(site.asked) < 20
    assert not (tmp_path / "f").exists()
    assert not (tmp_path / "g").exists()


@pytest.mark.parametrize("said", ["bytes 0-9/*", "bytes 0-8/*"])
def test_a_part_of_nobody_knows_how_much_is_not_taken_for_the_whole(
    site: Web, tmp_path: Path, said: str
) -> None:
    sent = b"0123456789"[: 10 if "9" in said else 9]
    url = site.put("f", DATA, *[says(206, {"Content-Range": said}, sent)] * 3)
    for read in (lambda: download(url, tmp_path / "f"), lambda: read_bytes(url, 99)):
        with pytest.raises(Unreachable, match="does not say of how much") as caught:
            read()
        assert caught.value.tries == 1
    assert read_start(url, len(sent)) == sent
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_goes_on_for_ever_is_left(site: Web, tmp_path: Path) -> None:
    def endless_part(exchange: Exchange) -> None:
        first = exchange.asked.range == "bytes=0-0"
        said = "bytes 0-0/300000" if first else "bytes 0-299999/300000"
        exchange.begin(206, {"Transfer-Encoding": "chunked", "Content-Range": said})
        try:
            while True:
                exchange.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        except OSError:
            exchange.hang_up()

    url = site.put("f", DATA, *[endless_part] * 99)
    for read in (lambda: size_and_mark(url), lambda: download(url, tmp_path / "f")):
        with pytest.raises(Unreachable, match="announced, more received"):
            read()
    assert list(tmp_path.iterdir()) == []


def test_a_finished_file_is_on_the_disk_before_it_has_its_name(
    site: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, bool]] = []

    def synced(descriptor: int) -> None:
        seen.append((os.fstat(descriptor).st_size, (tmp_path / "f").exists()))

    monkeypatch.setattr(os, "fsync", synced)
    download(site.put("f", DATA), tmp_path / "f")
    assert seen == [(len(DATA), False)]


def test_all_that_had_come_already_is_told(site: Web, tmp_path: Path) -> None:
    url = site.put("f", DATA)

    def killed_at_the_end() -> None:
        with partial.partial(url, tmp_path / "f") as part:
            assert part
            part.facts = Facts(len(DATA), '"1"')
            part.write(DATA)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed_at_the_end()
    told: list[int] = []
    download(url, tmp_path / "f", report=told.append)
    assert (told, site.asked) == ([len(DATA)], [])
    assert (tmp_path / "f").read_bytes() == DATA
