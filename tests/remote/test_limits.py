"""What processes ask of servers adds up, and stays within what they were allowed."""

from __future__ import annotations

import contextvars
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import UsageError
from archive.remote import Politeness, polite, politely, read_bytes
from archive.remote.limits import BURST_S, Limits
from tests.servers import Still, Web

SPAWN = multiprocessing.get_context("spawn")


class Waited(Exception):
    """There was nothing to be had at once."""


class Impatient(Still):
    def sleep(self, seconds: float) -> None:
        raise Waited


@given(
    pieces=st.lists(st.integers(1, 10_000), min_size=1, max_size=30),
    pauses=st.lists(st.floats(0, 3), min_size=30, max_size=30),
)
def test_no_span_of_time_brings_more_than_the_rate_and_its_burst(
    pieces: list[int], pauses: list[float]
) -> None:
    clock, limits, rate = Still(), Limits(1, 1000, None), 1000
    began = clock.time
    for count, pause in zip(pieces, pauses, strict=False):
        limits.spend(count, clock)
        clock.time += pause
    passed = clock.time - began
    assert sum(pieces) <= rate * (passed + BURST_S) + 1e-3


def test_a_rate_that_is_used_up_is_waited_for_exactly() -> None:
    clock, limits = Still(), Limits(1, 1000, None)
    for _ in range(5):
        limits.spend(2000, clock)
    assert sum(clock.slept) == pytest.approx(10 - BURST_S)


def test_without_a_rate_nothing_is_waited_for() -> None:
    Limits(1, None, None).spend(1 << 40, Impatient())


def test_those_who_share_a_folder_share_its_rate(tmp_path: Path) -> None:
    clock = Still()
    one, two = (Limits(1, 1000, tmp_path) for _ in range(2))
    for limits in (one, two, one, two):
        limits.spend(1000, clock)
    assert sum(clock.slept) == pytest.approx(4 - BURST_S)


def test_a_rate_that_another_clock_left_for_next_year_is_not_waited_for(tmp_path: Path) -> None:
    clock, limits = Still(), Limits(1, 1000, tmp_path)
    clock.time += 365 * 86_400
    limits.spend(3000, clock)
    clock.time -= 365 * 86_400
    clock.slept.clear()
    limits.spend(1000, clock)
    assert sum(clock.slept) <= 2
    (tmp_path / "rate").write_bytes(b"torn")
    limits.spend(1000, clock)


def test_those_who_share_a_folder_share_its_connections(tmp_path: Path) -> None:
    one, two = (Limits(3, None, tmp_path) for _ in range(2))
    clock = Impatient()
    with one.connection(clock), two.connection(clock), one.connection(clock):
        for limits in (one, two):
            with pytest.raises(Waited), limits.connection(clock):
                pass
    with two.connection(clock), two.connection(clock), two.connection(clock):
        pass


def _hold(folder: str, ready: multiprocessing.connection.Connection) -> None:
    with Limits(1, None, Path(folder)).connection(Still()):
        ready.send(os.getpid())
        signal.pause()


def test_a_killed_process_gives_its_connection_back(tmp_path: Path) -> None:
    ours, theirs = SPAWN.Pipe()
    holder = SPAWN.Process(target=_hold, args=(str(tmp_path), theirs), daemon=True)
    holder.start()
    ours.recv()
    limits = Limits(1, None, tmp_path)
    with pytest.raises(Waited), limits.connection(Impatient()):
        pass
    holder.kill()
    holder.join()
    with limits.connection(Impatient()):
        pass


def test_a_file_takes_as_long_as_the_rate_says(site: Web, clock: Still, tmp_path: Path) -> None:
    url = site.put("f", bytes(100_000))
    slow = Politeness(clock=clock, bytes_per_second=10_000, limits=str(tmp_path))
    with politely(slow):
        read_bytes(url, 1 << 20)
    assert sum(clock.slept) == pytest.approx(10 - BURST_S)


def test_the_environment_says_whether_requests_are_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, anonymous in (("1", True), ("0", False), ("", False)):
        monkeypatch.setenv("LOWBG_S3_ANONYMOUS", value)
        assert contextvars.Context().run(polite).anonymous is anonymous
    with politely(Politeness(connections=7)):
        assert polite().connections == 7


def test_what_would_never_end_is_refused() -> None:
    for name in ("connections", "bytes_per_second", "attempts"):
        wrong: dict[str, Any] = {name: 0}
        with pytest.raises(UsageError, match=f"{name} is 0"):
            Politeness(**wrong)


def test_politeness_travels_as_a_plain_dict() -> None:
    sent = Politeness(connections=2, bytes_per_second=None, anonymous=True, limits="/x")
    assert Politeness(**sent.as_task()) == sent
    with pytest.raises(TypeError):
        Politeness(**sent.as_task() | {"conections": 3})
