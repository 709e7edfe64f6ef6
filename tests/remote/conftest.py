"""A server that misbehaves, and a politeness that never really waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from archive.remote import Politeness, politely
from tests.servers import Still, Web, web


@pytest.fixture(scope="session")
def server() -> Iterator[Web]:
    """One for all tests: each has its own paths, and looks at what was asked of them."""
    with web() as served:
        yield served


@pytest.fixture
def site(server: Web) -> Web:
    server.files.clear()
    server.asked.clear()
    server.most_at_once = 0
    return server


@pytest.fixture(autouse=True)
def clock() -> Iterator[Still]:
    """The clock of every call in the test."""
    still = Still()
    with politely(Politeness(clock=still, bytes_per_second=None, attempts=4)):
        yield still
