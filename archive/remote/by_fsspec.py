"""One request to S3, through s3fs, or to any other filesystem of fsspec."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar

from archive.errors import LowbgError, UsageError
from archive.remote.faults import Fault, answered, ends_before
from archive.remote.politeness import Politeness
from archive.remote.reply import Ask, Facts, Reply

PIECE: Final = 1 << 20
PUBLIC: Final = "commoncrawl"
"""A bucket that is asked without a signature where there are no credentials to sign with."""

T = TypeVar("T")


def open_filesystem(url: str, politeness: Politeness) -> tuple[Any, str]:
    """The fsspec filesystem of a URL, and what the URL is called in it."""
    import fsspec

    protocol = url.partition("://")[0]
    try:
        fsspec.get_filesystem_class(protocol)
    except ValueError as error:
        raise UsageError(
            f"cannot open {url}: the protocol {protocol!r} is not known",
            next_step="name a path, or a URL that begins with http://, https:// or s3://",
        ) from error
    except ImportError as error:
        extra = is_s3(url)
        raise UsageError(
            f"cannot open {url}: {error}",
            next_step=f"{protocol}:// needs "
            + ("the extra: pip install 'lowbackground[s3]'" if extra else "another package"),
        ) from error
    try:
        options = _s3_options(url, politeness) if is_s3(url) else {}
        filesystem, path = fsspec.core.url_to_fs(url, **options)
    except (ValueError, ImportError) as error:
        raise UsageError(f"cannot open {url}: {error}", next_step="check the address") from error
    if is_s3(url):
        filesystem.retries = 1  # ours are the only ones
    return filesystem, str(path)


def is_s3(url: str) -> bool:
    return url.partition("://")[0].lower() in ("s3", "s3a")


def within(action: Callable[[], T]) -> T:
    """What an action on a filesystem gives; its errors, of a kind in each, as Faults."""
    try:
        return action()
    except (Fault, LowbgError):
        raise
    except Exception as error:
        raise _fault(error) from error


def asker(url: str, politeness: Politeness) -> Ask:
    """Asks for the bytes of a file, through one filesystem, from any thread."""
    filesystem, path = open_filesystem(url, politeness)
    return partial(_object if is_s3(url) else _file, filesystem, path)


@contextmanager
def _file(
    filesystem: Any, path: str, start: int, stop: int | None, pinned: Facts | None
) -> Iterator[Reply]:
    def opened() -> tuple[Facts, Any]:
        filesystem.invalidate_cache()  # of listings: the file may have changed since
        info = filesystem.info(path)
        if info.get("type") == "directory":
            raise Fault("it is a folder", passing=False, next_step="end its name with /")
        return _facts(info), filesystem.open(path, "rb", block_size=4 * PIECE)

    facts, file = within(opened)
    with file:
        end = facts.size if stop is None or facts.size is None else min(stop, facts.size)
        yield Reply(facts, start, _read(file, start, end), end)


@contextmanager
def _object(
    filesystem: Any, path: str, start: int, stop: int | None, pinned: Facts | None
) -> Iterator[Reply]:
    bucket, key, version = filesystem.split_path(path)
    name = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
    match = {"IfMatch": pinned.etag} if start and pinned and pinned.etag else {}
    asked = {"Range": f"bytes={start}-{stop - 1 if stop else ''}"}
    try:
        found = within(lambda: filesystem.call_s3("get_object", **name, **asked, **match))
    except Fault as fault:
        if _status(fault.__cause__) == 412:
            found = within(lambda: filesystem.call_s3("head_object", **name))
            yield Reply(_told(found, found["ContentLength"]), start, iter(()))
        elif _status(fault.__cause__) == 416:
            found = within(lambda: filesystem.call_s3("head_object", **name))
            size = int(found["ContentLength"])
            if start and (pinned is None or pinned.size == size):
                raise ends_before(start) from None
            yield Reply(_told(found, size), 0, iter(()), 0)
        else:
            raise
        return
    body, length = found["Body"], int(found["ContentLength"])
    first, total = _where(found, length)
    try:
        yield Reply(_told(found, total), first, _stream(filesystem, body, length), first + length)
    finally:
        body.close()


def _where(found: dict[str, Any], length: int) -> tuple[int, int | None]:
    """Where the bytes begin, and how many there are in all."""
    said = found.get("ContentRange")
    if not said:
        return 0, length
    place, _, total = said.removeprefix("bytes ").partition("/")
    try:
        return int(place.partition("-")[0]), int(total) if total != "*" else None
    except ValueError:
        raise Fault(f"the server says of a part {said!r}") from None


def _told(found: dict[str, Any], size: int | None) -> Facts:
    modified = found.get("LastModified")
    return Facts(size, found.get("ETag"), str(modified) if modified else None)


def _stream(filesystem: Any, body: Any, length: int) -> Iterator[bytes]:
    from fsspec.asyn import sync

    came = 0
    while piece := within(lambda: sync(filesystem.loop, body.read, PIECE)):
        came += len(piece)
        yield piece
    if came != length:
        raise Fault(f"{length:,} bytes announced, {came:,} received")


def _read(file: Any, start: int, stop: int | None) -> Iterator[bytes]:
    at = start
    if start:
        within(lambda: file.seek(start))
    while stop is None or at < stop:
        amount = PIECE if stop is None else min(PIECE, stop - at)
        piece = within(lambda amount=amount: file.read(amount))  # type: ignore[misc]
        if not piece:
            break
        at += len(piece)
        yield piece
    if stop is not None and at < stop:
        raise Fault(f"{stop - start:,} bytes announced, {at - start:,} received")


_ETAGS: Final = ("ETag", "etag")
_TIMES: Final = ("Last-Modified", "LastModified", "last_modified", "mtime")


def _facts(info: dict[str, Any]) -> Facts:
    etag = next((str(info[key]) for key in _ETAGS if info.get(key)), None)
    modified = next((str(info[key]) for key in _TIMES if info.get(key)), None)
    return Facts(info.get("size"), etag, modified)


def _s3_options(url: str, politeness: Politeness) -> dict[str, Any]:
    import botocore.session

    bucket = url.partition("://")[2].partition("/")[0]
    anonymous = politeness.anonymous or (
        bucket == PUBLIC and botocore.session.get_session().get_credentials() is None
    )
    return {
        "anon": anonymous,
        "config_kwargs": {
            "connect_timeout": politeness.timeout_s,
            "read_timeout": politeness.timeout_s,
            "retries": {"total_max_attempts": 1},
            "user_agent_extra": politeness.user_agent.partition(" ")[0],
        },
    }


def _status(error: BaseException | None) -> int | None:
    """The HTTP status that stands behind an error of S3."""
    while error is not None:
        response = getattr(error, "response", None)
        if isinstance(response, dict):
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            return int(status) if status else None
        error = error.__cause__
    return None


def _fault(error: Exception) -> Fault:
    status = _status(error)
    told = f"{type(error).__name__}: {error}"
    if status is not None and status >= 400:
        after = _headers(error).get("retry-after", "")
        return answered(status, told, float(after) if after.isdigit() else None)
    if isinstance(error, FileNotFoundError):
        return answered(404, told)
    if isinstance(error, PermissionError):
        return answered(403, told)
    if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError"):
        step = "set the credentials (AWS_PROFILE, ...), or read without: --anonymous"
        return Fault(told, passing=False, next_step=step)
    return Fault(told, nobody=type(error).__name__ == "EndpointConnectionError")


def _headers(error: BaseException | None) -> dict[str, str]:
    while error is not None:
        response = getattr(error, "response", None)
        if isinstance(response, dict):
            return dict(response.get("ResponseMetadata", {}).get("HTTPHeaders", {}))
        error = error.__cause__
    return {}
