"""Servers on loopback: one for http that misbehaves as it is told, and a real one for S3."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONG_AGO = "Tue, 01 Jan 2013 00:00:00 GMT"


class Still:
    """A clock that only counts: waits cost no time, and chance is always in the middle."""

    def __init__(self, step: float = 0.0) -> None:
        self.time, self.step = 1_700_000_000.0, step
        self.slept: list[float] = []

    def now(self) -> float:
        self.time += self.step
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def chance(self) -> float:
        return 0.5


@dataclass
class File:
    """What a path of the server has, and how it is described."""

    data: bytes
    etag: str | None = '"1"'
    modified: str | None = LONG_AGO
    ranges: bool = True
    if_range: bool = True  # whether the condition of a range is looked at
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """A request as it came."""

    path: str
    headers: dict[str, str]

    @property
    def range(self) -> str | None:
        return self.headers.get("Range")


@dataclass
class Exchange:
    """One request that is to be answered somehow."""

    handler: BaseHTTPRequestHandler
    file: File | None
    asked: Asked

    def begin(self, status: int, headers: dict[str, str], reason: str | None = None) -> None:
        self.handler.send_response(status, reason)
        for name, value in headers.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()

    def write(self, data: bytes) -> None:
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def hang_up(self) -> None:
        self.handler.close_connection = True

    def planned(self) -> tuple[int, dict[str, str], bytes]:
        """What an honest server answers: status, headers, body."""
        file = self.file
        if file is None:
            return 404, {"Content-Length": "0"}, b""
        told = {"ETag": file.etag, "Last-Modified": file.modified}
        headers = {name: value for name, value in told.items() if value} | file.headers
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.asked.range or "")
        condition = self.asked.headers.get("If-Range")
        other = file.if_range and condition not in (None, file.etag, file.modified)
        if not (file.ranges and found) or other:
            return 200, headers | {"Content-Length": str(len(file.data))}, file.data
        size, start = len(file.data), int(found[1])
        if start >= size:
            return 416, {"Content-Range": f"bytes */{size}", "Content-Length": "0"}, b""
        stop = min(int(found[2]) + 1, size) if found[2] else size
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        headers["Content-Length"] = str(stop - start)
        return 206, headers, file.data[start:stop]


Behaviour = Callable[[Exchange], None]


def honest(exchange: Exchange) -> None:
    status, headers, body = exchange.planned()
    exchange.begin(status, headers)
    exchange.write(body)


def cut(after: int) -> Behaviour:
    """Sends so many bytes of what it announced, then hangs up."""

    def behave(exchange: Exchange) -> None:
        status, headers, body = exchange.planned()
        exchange.begin(status, headers)
        exchange.write(body[:after])
        exchange.hang_up()

    return behave


def says(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Behaviour:
    """Answers with this, whatever was asked."""

    def behave(exchange: Exchange) -> None:
        exchange.begin(status, {"Content-Length": str(len(body)), **(headers or {})})
        exchange.write(body)

    return behave


def shifted(by: int) -> Behaviour:
    """Sends a range from somewhere else than what was asked for, and says so."""

    def behave(exchange: Exchange) -> None:
        status, headers, body = exchange.planned()
        assert status == 206
        first, last, size = map(int, re.findall(r"\d+", headers["Content-Range"]))
        headers["Content-Range"] = f"bytes {first + by}-{last + by}/{max(size, last + by + 1)}"
        exchange.begin(status, headers)
        exchange.write(body)

    return behave


def announcing(more: int) -> Behaviour:
    """Announces another length than that of what it sends."""

    def behave(exchange: Exchange) -> None:
        status, headers, body = exchange.planned()
        headers["Content-Length"] = str(int(headers["Content-Length"]) + more)
        exchange.begin(status, headers)
        exchange.write(body)
        exchange.hang_up()

    return behave


def changing(data: bytes, etag: str | None, then: Behaviour = honest) -> Behaviour:
    """Has another version of the file from now on."""

    def behave(exchange: Exchange) -> None:
        assert exchange.file
        exchange.file.data, exchange.file.etag = data, etag
        then(exchange)

    return behave


def whole(exchange: Exchange) -> None:
    """Sends all of the file, whatever range was asked for."""
    exchange.asked.headers.pop("Range", None)
    honest(exchange)


def endless(exchange: Exchange) -> None:
    """A body in chunks that never ends, until the client has enough of it."""
    exchange.begin(200, {"Transfer-Encoding": "chunked"})
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    try:
        while True:
            exchange.write(chunk)
    except OSError:
        exchange.hang_up()


def chunked(sent: bytes, *, end: bool = True, headers: dict[str, str] | None = None) -> Behaviour:
    """Sends this in one chunk, with the chunk that ends a body or without it."""

    def behave(exchange: Exchange) -> None:
        exchange.begin(200, {"Transfer-Encoding": "chunked", **(headers or {})})
        if sent:
            exchange.write(f"{len(sent):x}\r\n".encode() + sent + b"\r\n")
        if end:
            exchange.write(b"0\r\n\r\n")
        else:
            exchange.hang_up()

    return behave


def silent(release: threading.Event) -> Behaviour:
    """Takes the request, and says nothing until it is released."""

    def behave(exchange: Exchange) -> None:
        release.wait(60)
        exchange.hang_up()

    return behave


class Web:
    """A server's files, by path; how it is to misbehave, by path; what it was asked, in order."""

    def __init__(self) -> None:
        self.url = ""
        self.files: dict[str, File] = {}
        self.asked: list[Asked] = []
        self.most_at_once = self.connections = 0
        self._script: dict[str, deque[Behaviour]] = {}
        self._at_once = 0
        self._lock = threading.Lock()

    def put(self, path: str, data: bytes, *script: Behaviour, **facts: Any) -> str:
        """Has a file at a path, and misbehaves at the first requests for it; its URL."""
        self.files[path] = File(data, **facts)
        self._script[path] = deque(script)
        return f"{self.url}/{path}"

    def behave(self, path: str, *script: Behaviour) -> None:
        """Misbehaves so at the next requests for a path."""
        self._script[path] = deque(script)

    def ranges(self) -> list[str | None]:
        return [each.range for each in self.asked]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.lstrip("/").partition("?")[0]
        asked = Asked(path, {name.title(): value for name, value in handler.headers.items()})
        with self._lock:
            self.asked.append(asked)
            script = self._script.get(path)
            behave = script.popleft() if script else honest
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            behave(Exchange(handler, self.files.get(path), asked))
        except ConnectionError:  # the client has hung up
            handler.close_connection = True
        finally:
            with self._lock:
                self._at_once -= 1


@contextmanager
def web(wrap: Callable[[ThreadingHTTPServer], None] | None = None) -> Iterator[Web]:
    """The server while the block lasts; `wrap` may put TLS around its socket."""
    served = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            served.connections += 1

        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    class Listening(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            if not isinstance(sys.exception(), ConnectionError):  # a client may hang up
                super().handle_error(request, client_address)

    listening = Listening(("127.0.0.1", 0), Handler)
    if wrap:
        wrap(listening)
    served.url = f"{'https' if wrap else 'http'}://127.0.0.1:{listening.server_port}"
    threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield served
    finally:
        listening.shutdown()
        listening.socket.close()


@contextmanager
def s3() -> Iterator[dict[str, str]]:
    """A real S3 server, moto's; yields the environment in which botocore finds it."""
    import logging
    import urllib.request

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "a-key",
            "AWS_SECRET_ACCESS_KEY": "a-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
    finally:
        # What it holds is the process's: the next server would have it too.
        reset = urllib.request.Request(f"http://127.0.0.1:{port}/moto-api/reset", method="POST")
        urllib.request.urlopen(reset).close()
        server.stop()
