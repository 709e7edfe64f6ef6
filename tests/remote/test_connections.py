"""Waiting, encryption, credentials: what lies between a request and its answer."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from archive.errors import Unreachable
from archive.remote import (
    Politeness,
    download,
    politely,
    read_bytes,
    read_ranges,
    size_and_mark,
)
from archive.remote.by_http import _pool
from tests.servers import Exchange, Still, Web, says, silent, web

DATA = bytes(range(256)) * 400


def test_a_server_that_says_nothing_is_left_after_the_timeout(site: Web, clock: Still) -> None:
    release = threading.Event()
    url = site.put("f", DATA, silent(release), silent(release))
    with politely(Politeness(clock=clock, timeout_s=0.05, bytes_per_second=None)):
        assert read_bytes(url, 1 << 20) == DATA
    release.set()
    assert clock.slept == [0.75, 1.5]


def test_a_server_that_drips_is_left_and_the_rest_asked_for_again(site: Web) -> None:
    url = site.put("f", DATA)
    tiny = Politeness(clock=Still(step=70.0), bytes_per_second=4096, attempts=3)
    with politely(tiny), pytest.raises(Unreachable, match=r"\d+ bytes in 70 s"):
        read_bytes(url, 1 << 20)
    assert site.ranges()[0] == "bytes=0-1048576"
    assert len(set(site.ranges())) == len(site.ranges()) == 3


def test_a_connection_is_used_again(site: Web, tmp_path: Path) -> None:
    url = site.put("f", DATA)
    size_and_mark(url)
    before = site.connections
    for _ in range(3):
        size_and_mark(url)
        download(url, tmp_path / "f")
        list(read_ranges(url, [(at, 10) for at in range(0, 900, 300)]))
        with pytest.raises(Unreachable):
            read_bytes(site.put("none", b"", says(404)), 9)
    assert len(site.asked) == 13
    assert site.connections == before


def test_what_a_server_says_of_an_error_is_told_in_words_that_do_no_harm(site: Web) -> None:
    page = b"<html><style>p {}</style><p>Too fast.\n<b>Write</b> to\x1b[31m us@example.org\xff" * 50
    for status in (403, 503):
        url = site.put("f", b"", *[says(status, {"Content-Type": "text/html"}, page)] * 9)
        with pytest.raises(
            Unreachable, match=r"Too fast\. Write to\[31m us@example\.org"
        ) as caught:
            read_bytes(url, 9)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 400


def test_where_nobody_listens_a_few_tries_are_enough(clock: Still) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/x"
        with (
            politely(Politeness(clock=clock, attempts=50)),
            pytest.raises(Unreachable, match="refused, tried 4 times"),
        ):
            read_bytes(url, 9)


def test_credentials_in_an_address_are_sent_to_it_and_to_nobody_else(site: Web) -> None:
    site.put("there", DATA)
    site.put("f", b"", says(302, {"Location": "/there"}))
    address = site.url.replace("http://", "http://some:o%26ne@")
    assert read_bytes(f"{address}/f", 1 << 20) == DATA
    first, second = site.asked
    assert first.headers["Authorization"] == "Basic c29tZTpvJm5l"
    assert "Authorization" not in second.headers


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed, with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(dt.datetime(2020, 1, 1))
        .not_valid_after(dt.datetime(2120, 1, 1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = tmp_path_factory.mktemp("tls") / "loopback.pem"
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(pem)
    )
    return file


@pytest.fixture
def encrypted(certificate: Path) -> Iterator[Web]:
    def wrap(server: ThreadingHTTPServer) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)

    _pool.cache_clear()
    with web(wrap) as served:
        yield served
    _pool.cache_clear()


def test_a_server_that_cannot_prove_its_name_is_refused_at_once(encrypted: Web) -> None:
    url = encrypted.put("f", DATA)
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED") as caught:
        read_bytes(url, 1 << 20)
    assert caught.value.tries == 1
    assert encrypted.asked == []


def test_what_is_encrypted_does_not_lead_to_what_is_not(
    encrypted: Web, site: Web, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    plain = site.put("f", DATA)
    assert read_bytes(encrypted.put("f", DATA), 1 << 20) == DATA
    secret = encrypted.put("f", b"", says(302, {"Location": plain}))
    with pytest.raises(Unreachable, match="not followed"):
        read_bytes(secret, 1 << 20)
    assert site.asked == []
    led = site.put("g", b"", says(302, {"Location": encrypted.put("f", DATA)}))
    assert read_bytes(led, 1 << 20) == DATA


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 999 Odd\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: abc, 5\r\nContent-Length: -5\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n",
        b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-99/100\r\n\r\nhello",
        b"HTTP/1.1 206 Partial\r\nContent-Type: multipart/byteranges; boundary=x\r\n\r\n--x--",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:99999/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 416 No\r\nContent-Range: bytes */7\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_an_error_that_names_the_address(
    site: Web, tmp_path: Path, raw: bytes
) -> None:
    def behave(exchange: Exchange) -> None:
        exchange.write(raw)
        exchange.hang_up()

    url = site.put("f", DATA, *[behave] * 20)
    with pytest.raises(Unreachable, match="127") as caught:
        download(url, tmp_path / "f")
    assert caught.value.next_step
    assert list(tmp_path.iterdir()) == []


def test_a_proxy_that_the_environment_names_is_used(
    site: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", site.url)
    site.put("http://archive.invalid/f", DATA)
    assert read_bytes("http://archive.invalid/f", 1 << 20) == DATA
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert read_bytes(site.put("f", b"near"), 9) == b"near"
