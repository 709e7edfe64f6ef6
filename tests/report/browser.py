"""A headless Chromium that tells what one page does, by the DevTools protocol over two pipes."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
BASH = shutil.which("bash")

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # What the browser asks for on its own account goes nowhere, and neither does a page's wish.
    *("--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=<-loopback>"),
    "--remote-debugging-pipe",
)


@dataclass(frozen=True)
class Seen:
    """What a page did: the document after its scripts, what stood in the console or went wrong,
    and every address that it asked for, its own first."""

    document: str
    complaints: tuple[str, ...]
    requests: tuple[str, ...]


@dataclass
class DevTools:
    """The protocol: JSON messages, each ended by a zero byte."""

    to: int
    back: int
    events: list[dict[str, Any]] = field(default_factory=list)
    _sent: int = 0
    _held: bytes = b""

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while (got := self._next()).get("id") != self._sent:
            self.events.append(got)
        assert "error" not in got, got
        result: dict[str, Any] = got["result"]
        return result

    def wait(self, event: str) -> None:
        while not any(held.get("method") == event for held in self.events):
            self.events.append(self._next())

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._held:
            assert select.select([self.back], [], [], 60)[0], "the browser is silent"
            read = os.read(self.back, 1 << 16)
            assert read, "the browser has ended"
            self._held += read
        message, _, self._held = self._held.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


@contextmanager
def chromium(profile: Path) -> Iterator[DevTools]:
    """Starts a browser with a profile of its own, and ends it."""
    assert CHROMIUM
    assert BASH
    # Numbers of two digits, so that putting one pipe at 3 does not close the other.
    (read, to), (back, write) = (map(_high, os.pipe()) for _ in range(2))
    line = f'exec "$@" 3<&{read} 4>&{write}'
    started = subprocess.Popen(
        [BASH, "-c", line, "bash", CHROMIUM, *FLAGS, f"--user-data-dir={profile}"],
        pass_fds=(read, write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(read)
    os.close(write)
    try:
        yield DevTools(to, back)
    finally:
        os.close(to)  # which ends the browser
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
        os.close(back)


def _high(descriptor: int) -> int:
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 20)
    os.close(descriptor)
    return moved


def browse(page: Path, profile: Path) -> Seen:
    """Opens a page, gives it half a second for afterthoughts, and tells what it did."""
    with chromium(profile) as tools:
        target = tools.call("Target.createTarget", url="about:blank")["targetId"]
        attached = tools.call("Target.attachToTarget", targetId=target, flatten=True)
        session = attached["sessionId"]
        for domain in ("Network", "Log", "Runtime", "Page"):
            tools.call(f"{domain}.enable", session)
        tools.call("Page.navigate", session, url=page.as_uri())
        tools.wait("Page.loadEventFired")
        later = "new Promise(r => setTimeout(() => r(document.documentElement.outerHTML), 500))"
        got = tools.call("Runtime.evaluate", session, expression=later, awaitPromise=True)
    heard = [(event["method"], event["params"]) for event in tools.events if "method" in event]
    wrong = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
    return Seen(
        got["result"]["value"],
        tuple(json.dumps(said) for method, said in heard if method in wrong),
        tuple(p["request"]["url"] for method, p in heard if method == "Network.requestWillBeSent"),
    )
