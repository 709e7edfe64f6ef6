"""Somebody else's SQL: whatever it is, the store keeps its bytes and the machine its memory."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.digest import sha256_file
from archive.errors import (
    Corrupt,
    EnvironmentFailed,
    LimitReached,
    LowbgError,
    UsageError,
)
from archive.manifest import Manifest
from archive.query import cells, landlock, sandbox
from archive.query.connection import sql
from archive.query.sandbox import SandboxLimits, SandboxResult, run
from archive.store.local import Store
from tests.snapshots import Page, Revisit, commit

LIMITS = SandboxLimits(seconds=2.0, memory=256 << 20)
NEEDS_LANDLOCK = pytest.mark.skipif(
    landlock.abi() == 0, reason="this kernel has no Landlock (Linux 5.13 has it)"
)
PROTECTIONS = [pytest.param("landlock", marks=NEEDS_LANDLOCK), "dataset"]

Web = tuple[Store, Manifest]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Web:
    root = tmp_path_factory.mktemp("sandbox") / "it's a store"
    pages = [Page(f"http://a.org/{n}", f"text {n}") for n in range(20)]
    commit(root, {"a.warc": pages, "b.warc": [Revisit("http://a.org/1", "url-and-date")]})
    store = Store(root)
    return store, store.manifest("web", 1)


@pytest.fixture(params=PROTECTIONS)
def protection(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def tree(root: Path) -> dict[str, str]:
    """Every file under a folder and what its bytes are."""
    return {
        str(path.relative_to(root)): sha256_file(path)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def object_path(web: Web) -> str:
    return str(web[0].object_path(web[1].parts[0].documents.sha256).absolute())


# What a good query gets


@pytest.mark.parametrize("table", ["documents", "ledger", "revisits", "inputs"])
def test_the_answer_is_that_of_the_trusted_mode(web: Web, protection: str, table: str) -> None:
    query = f"SELECT * FROM {table} ORDER BY ALL"
    trusted, held = sql(*web, query), run(*web, query, LIMITS, protection=protection)
    assert (held.columns, held.types, held.rows) == (trusted.columns, trusted.types, trusted.rows)
    assert not held.cut_rows
    assert held.cut_cells == 0


def test_the_result_says_how_it_was_held_in(web: Web, protection: str) -> None:
    result = run(*web, "SELECT 1", LIMITS, protection=protection)
    assert protection in result.protection
    assert result.peak_bytes > 0


@NEEDS_LANDLOCK
def test_landlock_is_taken_where_the_kernel_has_it(web: Web) -> None:
    assert run(*web, "SELECT 1", LIMITS).protection.startswith("landlock")


def test_values_of_every_type_cross_exactly(web: Web) -> None:
    query = """SELECT 170141183460469231731687303715884105727::HUGEINT, 1.10::DECIMAL(30,2),
        'inf'::DOUBLE, '-inf'::DOUBLE, 0.1::DOUBLE, true, NULL, 'é\U0001f600', '\\xAA\\x00'::BLOB,
        DATE '2000-02-29', TIME '10:00:00.5', TIMESTAMP '2000-01-01 00:00:00.000001',
        TIMESTAMPTZ '2000-01-01 00:00:00+05', INTERVAL '3 days 1 second', [1, NULL],
        {'a': [TIMESTAMPTZ '2000-01-01 00:00:00Z']}, MAP {1: 'x'},
        '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID, '101'::BIT, '["list", [1]]'"""
    assert run(*web, query, LIMITS).rows == sql(*web, query).rows


# What is cut is said


def test_rows_over_the_cap_are_cut_and_it_is_said(web: Web, protection: str) -> None:
    for rows, cut in ((7, True), (20, False), (21, False), (0, True)):
        limits = replace(LIMITS, rows=rows)
        result = run(*web, "SELECT url FROM documents", limits, protection=protection)
        assert (len(result.rows), result.cut_rows) == (min(rows, 20), cut)


def test_values_over_the_cap_are_cut_and_counted(web: Web) -> None:
    query = "SELECT repeat('x', 11), 'short', repeat('y', 11)::BLOB, ['z', repeat('z', 11)]"
    result = run(*web, query, replace(LIMITS, cell=10))
    assert result.rows == [("x" * 10, "short", b"y" * 10, ["z", "z" * 10])]
    assert result.cut_cells == 3


def test_an_answer_over_the_size_cap_is_an_error(web: Web) -> None:
    with pytest.raises(LimitReached, match="answer"):
        run(*web, "SELECT repeat('x', 2000) FROM range(900)", replace(LIMITS, answer=100_000))


def test_sql_over_its_size_cap_is_refused_before_a_process_starts(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: pytest.fail("a process was started"))
    with pytest.raises(UsageError, match="65537 bytes"):
        run(*web, "é" * 32768 + "x", LIMITS)


def test_endless_rows_are_cut_off_in_time(web: Web) -> None:
    result = run(*web, "SELECT * FROM range(1000000000000)", LIMITS)
    assert (len(result.rows), result.cut_rows) == (1000, True)


# Refusals rather than fallbacks


def test_without_landlock_asking_for_it_is_refused(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    with pytest.raises(EnvironmentFailed, match="Landlock"):
        landlock.restrict(files=[])
    assert sandbox.available() == "dataset"


def test_without_any_protection_the_query_is_refused(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    monkeypatch.setattr(sandbox, "find_spec", lambda name: None)
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: pytest.fail("a process was started"))
    with pytest.raises(EnvironmentFailed, match="cannot be held in"):
        run(*web, "SELECT 1", LIMITS)


def test_an_unknown_protection_is_refused(web: Web) -> None:
    with pytest.raises(UsageError, match="none"):
        run(*web, "SELECT 1", LIMITS, protection="none")


def test_a_flipped_bit_is_found_before_the_process_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = commit(tmp_path, {"a.warc": [Page("http://a.org/1", "one")]})
    victim = Store(tmp_path).object_path(manifest.parts[0].documents.sha256)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.chmod(0o644)
    victim.write_bytes(data)
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: pytest.fail("a process was started"))
    with pytest.raises(Corrupt):
        run(Store(tmp_path), manifest, "SELECT 1", LIMITS)


# Hostile SQL

REFUSED = {
    "copy": "COPY (SELECT 1) TO '{object}'",
    "copy parquet": "COPY (SELECT 1) TO '{object}' (FORMAT parquet, USE_TMP_FILE false)",
    "copy table": "COPY inputs TO '{object}'",
    "copy into": "COPY inputs FROM '{object}'",
    "copy database": "COPY FROM DATABASE memory TO x",
    "explain": "EXPLAIN SELECT 1",
    "explain analyze copy": "EXPLAIN ANALYZE COPY (SELECT 1) TO '{object}'",
    "explain analyze copy, no temporary file": "EXPLAIN ANALYZE COPY (SELECT 1) TO '{object}' "
    "(FORMAT parquet, USE_TMP_FILE false)",
    "prepare": "PREPARE p AS COPY (SELECT 1) TO '{object}'",
    "prepare and execute": "PREPARE p AS COPY (SELECT 1) TO '{object}'; EXECUTE p",
    "insert in with": "WITH x AS (INSERT INTO inputs SELECT * FROM inputs RETURNING *) "
    "SELECT * FROM x",
    "delete in with": "WITH x AS (DELETE FROM inputs RETURNING *) SELECT * FROM x",
    "update in with": "WITH x AS (UPDATE inputs SET name = '' RETURNING *) SELECT * FROM x",
    "copy in with": "WITH x AS (COPY (SELECT 1) TO '{object}') SELECT * FROM x",
    "copy in a subquery": "SELECT (WITH x AS (COPY (SELECT 1) TO '{object}') SELECT 1 FROM x)",
    "attach": "ATTACH '{object}.duckdb' AS x",
    "attach read only": "ATTACH '{object}' AS x (READ_ONLY)",
    "detach": "DETACH memory",
    "use": "USE memory",
    "export": "EXPORT DATABASE '{outside}'",
    "import": "IMPORT DATABASE '{outside}'",
    "install": "INSTALL httpfs",
    "load": "LOAD httpfs",
    "load file": "LOAD '{object}'",
    "set": "SET enable_external_access = true",
    "set memory": "SET memory_limit = '100GB'",
    "reset": "RESET lock_configuration",
    "pragma": "PRAGMA enable_profiling",
    "pragma file": "PRAGMA profiling_output = '{object}'",
    "create": "CREATE TABLE x AS SELECT 1",
    "create secret": "CREATE PERSISTENT SECRET s (TYPE s3)",
    "drop": "DROP VIEW documents",
    "checkpoint": "CHECKPOINT",
    "vacuum": "VACUUM",
    "call": "CALL pragma_version()",
    "connect": "CONNECT '{outside}'",
    "transaction": "BEGIN; SELECT 1; COMMIT",
    "two": "SELECT 1; SELECT 2",
    "two, one of them hidden": "SELECT 1 -- ;\n; COPY (SELECT 1) TO '{object}'",
    "nothing": "",
    "comment": "-- nothing",
    "semicolon": ";",
    "nonsense": "\x00",
    "lone surrogate": "SELECT '\ud800'",
    "pivot": "PIVOT inputs ON name USING count(*)",
}

DENIED = {
    "read a file": "SELECT * FROM read_text('/etc/passwd')",
    "read a csv": "SELECT * FROM read_csv('/etc/passwd', header = false, sep = '\x01')",
    "read csv by name": "SELECT * FROM '/etc/passwd.csv'",
    "read json": "SELECT * FROM read_json('{outside}')",
    "read a blob": "SELECT * FROM read_blob('{outside}')",
    "read outside": "SELECT * FROM read_text('{outside}')",
    "read parquet outside": "SELECT * FROM read_parquet('{outside}')",
    "read through dots": "SELECT * FROM read_text('{folder}/../../../../secret.txt')",
    "read through a link": "SELECT * FROM read_text('{link}')",
    "read its environment": "SELECT * FROM read_text('/proc/self/environ')",
    "read its parent's": "SELECT * FROM read_text('/proc/{pid}/environ')",
    "read through its root": "SELECT * FROM read_text('/proc/self/root{outside}')",
    "read standard input": "SELECT * FROM read_text('/dev/stdin')",
    "read other objects": "SELECT * FROM read_text('{manifest}')",
    "glob": "SELECT * FROM read_text('{folder}/*')",
    "http": "SELECT * FROM read_csv('http://127.0.0.1:{port}/x.csv')",
    "https": "SELECT * FROM 'https://127.0.0.1:{port}/x.parquet'",
    "s3": "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
    "a python variable": "SELECT * FROM request",
    "query()": "SELECT * FROM query('COPY (SELECT 1) TO ''{object}''')",
    "query_table()": "SELECT * FROM query_table('{outside}')",
    "getenv": "SELECT getenv('HOME')",
    "sniff": "SELECT * FROM sniff_csv('{outside}')",
    "parquet metadata": "SELECT * FROM parquet_metadata('{outside}')",
    "seek a sqlite file": "SELECT * FROM sqlite_scan('{outside}', 'x')",
    "write by a function": "SELECT write_log('x'), * FROM read_text('{outside}')",
}

HEAVY = {
    "repeat": "SELECT repeat('a', 2000000000)",
    "repeat hidden": "SELECT length(repeat('a', 2000000000))",
    "lpad": "SELECT length(lpad('a', 2000000000, 'b'))",
    "levenshtein": "SELECT levenshtein(repeat('a', 200000), repeat('b', 200000))",
    "jaro_winkler": "SELECT jaro_winkler_similarity(repeat('ab', 3000000), repeat('ba', 3000000))",
    "list_resize": "SELECT length(list_resize([1], 2000000000))",
    "range list": "SELECT length(range(2000000000))",
    "string_agg": "SELECT length(string_agg(repeat('a', 1000000), '')) FROM range(5000)",
    "cross join": "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a, b) = 1",
    "recursion": "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) "
    "SELECT max(i) FROM r",
    "sort": "SELECT * FROM (SELECT hash(i) h FROM range(1000000000) t(i)) ORDER BY h LIMIT 1",
    "regex": "SELECT regexp_matches(repeat('a', 1000000), '(a*)*{1,100}b')",
    "factorial": "SELECT list_reduce(range(100000000), lambda a, b: a + b)",
    "parentheses": "SELECT " + "(" * 30000 + "1" + ")" * 30000,
    "unions": "SELECT 1" + " UNION SELECT 1" * 4300,
    "additions": "SELECT 1" + "+1" * 32000,
    "nots": "SELECT " + "NOT " * 16000 + "true",
    "cases": "SELECT " + "CASE WHEN 1 THEN " * 3000 + "1" + " END" * 3000,
    "lists": "SELECT " + "[" * 30000 + "]" * 30000,
    "columns": "SELECT " + ",".join(["*"] * 30000) + " FROM documents",
    "joins": "SELECT count(*) FROM " + ", ".join(["documents"] * 5900),
}


@pytest.fixture
def attack(web: Web, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Names for a query to attack; afterwards the store and what is beside it are as they were."""
    root = web[0].root
    outside = root.parent / "secret.txt"
    outside.write_text("the secret")
    link = root.parent / "link.txt"
    if not link.is_symlink():
        link.symlink_to(outside)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0)
        before = tree(root.parent)
        yield {
            "object": object_path(web),
            "folder": str(Path(object_path(web)).parent),
            "outside": str(outside),
            "link": str(link),
            "manifest": str(web[0].object_path(web[0].manifest_sha256("web", 1)).absolute()),
            "port": listener.getsockname()[1],
            "pid": os.getpid(),
        }
        assert tree(root.parent) == before
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_one_select_is_refused(web: Web, attack: dict[str, Any], name: str) -> None:
    with pytest.raises(UsageError):
        run(*web, REFUSED[name].replace("{object}", attack["object"].replace("'", "''")), LIMITS)


@pytest.mark.parametrize("name", DENIED)
def test_nothing_but_the_snapshot_can_be_read(
    web: Web, attack: dict[str, Any], protection: str, name: str
) -> None:
    names = {k: v.replace("'", "''") if isinstance(v, str) else v for k, v in attack.items()}
    with pytest.raises(LowbgError) as told:
        run(*web, DENIED[name].format(**names), LIMITS, protection=protection)
    # DuckDB's own words: neither a limit that was met nor a process that never came so far.
    assert re.match(r"[A-Z][A-Za-z ]+ Error: ", str(told.value)), told.value
    assert not isinstance(told.value, LimitReached)
    assert "the secret" not in str(told.value)


@pytest.mark.parametrize("name", HEAVY)
def test_a_heavy_query_ends_with_a_result_an_error_or_the_kill(
    web: Web, attack: dict[str, Any], name: str
) -> None:
    limits = replace(LIMITS, seconds=1.0)
    with Watch() as watch:
        try:
            outcome: object = run(*web, HEAVY[name], limits)
        except (LimitReached, UsageError) as error:
            outcome = error
    assert isinstance(outcome, SandboxResult | LowbgError)
    # Start-up, the query's second, and a machine that has other things to do.
    assert watch.seconds < 1.0 + 4.0
    idle = 150 << 20
    assert watch.peak < limits.memory + (128 << 20) + idle


class Watch:
    """Watches the processes that this one starts: their memory, and that none is left."""

    def __init__(self) -> None:
        self.peak = 0
        self.seconds = 0.0
        self._others = set(children())  # such as the resource tracker of multiprocessing
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._started = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.seconds = time.monotonic() - self._started
        self._done.set()
        self._thread.join()
        assert set(children()) <= self._others

    def _look(self) -> None:
        while not self._done.wait(0.01):
            for child in set(children()) - self._others:
                try:
                    pages = Path(f"/proc/{child}/statm").read_text().split()[1]
                except (OSError, IndexError):
                    continue
                self.peak = max(self.peak, int(pages) * os.sysconf("SC_PAGE_SIZE"))


def children() -> list[str]:
    """The processes that this one has started and not yet buried."""
    tasks = Path("/proc/self/task")
    if not tasks.exists():
        return []
    return [child for task in tasks.iterdir() for child in _children_of(task)]


def _children_of(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except OSError:
        return []


# The gate is one wall; this is what stands without it


@pytest.mark.parametrize(
    "name",
    [
        *(n for n in REFUSED if n.startswith(("copy", "explain analyze", "attach", "export"))),
        *("load file", "pragma file", "connect", "create secret", "set", "prepare and execute"),
    ],
)
def test_without_the_gate_the_store_still_keeps_its_bytes(
    web: Web,
    attack: dict[str, Any],
    protection: str,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boot = sandbox._BOOT.replace(
        "from archive.query.sandbox_child import main;",
        "from archive.query import sandbox_child;"
        "sandbox_child._gate = lambda con, query: None; main = sandbox_child.main;",
    )
    assert boot != sandbox._BOOT
    monkeypatch.setattr(sandbox, "_BOOT", boot)
    names = {k: str(v).replace("'", "''") for k, v in attack.items()}
    assert run(*web, "SELECT 1", LIMITS, protection=protection).rows == [(1,)]
    with contextlib.suppress(LowbgError):  # the fixture looks at every byte
        run(*web, REFUSED[name].format(**names), LIMITS, protection=protection)


@NEEDS_LANDLOCK
@pytest.mark.parametrize(
    "attempt",
    [
        "open({path!r}, 'ab')",
        "open({path!r} + '.new', 'wb')",
        "os.truncate({path!r}, 0)",
        "os.unlink({path!r})",
        "os.rename({path!r}, {path!r} + '.moved')",
        "os.mkdir({path!r} + '.folder')",
        "os.symlink('/', {path!r} + '.link')",
        "os.listdir('/')",
        "open('/etc/passwd')",
        "os.execv('/bin/true', ['true'])",
        "socket.create_connection(('127.0.0.1', {port}))",
        "os.kill({pid}, 0)",
    ],
)
def test_landlock_takes_every_right_but_to_read_the_files_given(
    tmp_path: Path, attempt: str
) -> None:
    if "socket" in attempt and landlock.abi() < 4:
        pytest.skip("this kernel's Landlock knows no network (ABI 4 does)")
    if "kill" in attempt and landlock.abi() < 6:
        pytest.skip("this kernel's Landlock knows no signals (ABI 6 does)")
    if "truncate" in attempt and landlock.abi() < 3:
        pytest.skip("this kernel's Landlock knows no truncation (ABI 3 does)")
    path = tmp_path / "file"
    path.write_bytes(b"bytes")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        tried = attempt.format(path=str(path), port=port, pid=os.getpid())
        code = (
            f"import os, socket\nfrom archive.query import landlock\n"
            f"landlock.restrict(files=[{str(path)!r}])\n"
            f"assert open({str(path)!r}, 'rb').read() == b'bytes'\n"
            f"try:\n    {tried}\nexcept PermissionError:\n    print('denied')\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "denied\n", done.stderr
    assert path.read_bytes() == b"bytes"


# Processes


def test_the_query_is_killed_at_its_time_limit(web: Web, protection: str) -> None:
    query = HEAVY["levenshtein"]
    with Watch(), pytest.raises(LimitReached, match="killed after 0"):
        run(*web, query, replace(LIMITS, seconds=0.3), protection=protection)


def test_the_process_sees_none_of_its_parents_environment(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOWBG_SECRET", "a secret")
    seen: list[dict[str, str]] = []
    real = subprocess.Popen

    def spy(*arguments: Any, **options: Any) -> Any:
        seen.append(options["env"])
        return real(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", spy)
    run(*web, "SELECT 1", LIMITS)
    assert "a secret" not in str(seen)


def test_the_process_dies_with_its_parent(web: Web) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux can promise it")
    code = (
        "import sys\nfrom pathlib import Path\nfrom archive.query.sandbox import *\n"
        "from archive.store.local import Store\nstore = Store(Path(sys.argv[1]))\n"
        f"query = {HEAVY['levenshtein']!r}\n"
        "run(store, store.manifest('web', 1), query, SandboxLimits(seconds=60))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(web[0].root)])
    try:
        child = _wait_for(lambda: _children_of(Path(f"/proc/{parent.pid}/task/{parent.pid}")))
        time.sleep(0.5)  # past the line where it asks to die with its parent
        assert Path(f"/proc/{child[0]}").exists()
    finally:
        parent.kill()
        parent.wait()
    _wait_for(lambda: not _running(child[0]))


def _running(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _wait_for(condition: Any) -> Any:
    for _ in range(500):
        if found := condition():
            return found
        time.sleep(0.02)
    return pytest.fail("waited ten seconds in vain")


@pytest.mark.parametrize(
    "said",
    [
        "not json",
        "[1]",
        "{}",
        '{"end": true}',
        '{"ready": true, "protection": "x"}\n{"columns": 1, "types": 2}\n{"end": true}',
        '{"rows": [[["dict", [[["list", []], 1]]]]]}',
        '{"rows": [[["unknown", ""]]]}',
        '{"rows": [[["decimal", "x"]]]}',
        "[" * 100_000,
    ],
)
def test_an_answer_in_no_known_form_is_an_error_and_nothing_else(
    web: Web, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setattr(sandbox, "_BOOT", f"import sys; sys.stdin.read(); print({said!r})")
    with pytest.raises((EnvironmentFailed, LimitReached)):
        run(*web, "SELECT 1", LIMITS)


def test_a_process_that_does_not_start_is_an_environment_failure(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_BOOT", "raise SystemExit('no such module')")
    with pytest.raises(EnvironmentFailed, match="no such module"):
        run(*web, "SELECT 1", LIMITS)


def test_a_process_that_never_gets_ready_is_killed(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_BOOT", "import time; time.sleep(60)")
    with Watch(), pytest.raises(EnvironmentFailed, match="not ready"):
        run(*web, "SELECT 1", replace(LIMITS, start=0.3))


# Values on the way


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.times()
    | st.datetimes()
    | st.datetimes(timezones=st.just(dt.UTC))
    | st.timedeltas()
    | st.uuids(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    back = cells.decode(json.loads(json.dumps(cells.encode(value))))
    assert back == value
    assert type(back) is type(value)


def test_the_kinds_of_values_are_told_apart() -> None:
    given = [Decimal("1.10"), UUID(int=1), dt.date(2000, 1, 1), dt.datetime(2000, 1, 1)]
    assert [type(cells.decode(cells.encode(v))) for v in given] == [type(v) for v in given]


@given(VALUES, st.integers(1, 20))
def test_a_value_is_cut_exactly_where_it_says_so(value: Any, limit: int) -> None:
    short, cuts = cells.shorten(value, limit)
    assert (short == value) == (cuts == 0)
    assert cells.shorten(short, limit) == (short, 0)
