"""`lowbg plan` as a user calls it: every number says where it is from, and none is guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from archive.commoncrawl import rates
from archive.errors import UsageError
from cli import group
from cli.plan import _hours, _size
from tests.commoncrawl.layout import CRAWL, Layout, make
from tests.servers import web

GAELIC = "content_languages like '%gla%' and url_host_tld = 'scot'"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWBG_CACHE", str(tmp_path / "cache"))
    # A plan of a whole crawl asks nobody: were it to ask, this is where.
    monkeypatch.setenv("LOWBG_CC_BASE", "http://127.0.0.1:9/")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make(tmp_path / "cc")


def called(*arguments: str) -> Result:
    return CliRunner().invoke(group, ["plan", *arguments])


def planned(*arguments: str) -> dict[str, Any]:
    done = called(*arguments, "--json")
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_whole_crawl_is_planned_from_what_is_published_and_no_server_is_asked() -> None:
    told = planned("cc:CC-MAIN-2018-34", "--workers", "10")
    size, pages = round(67.79 * 2**40), 2_686_323_358
    assert (told["files"], told["bytes"], told["pages"]) == (71520, size, pages)
    assert told["cpu_hours"] == pytest.approx(pages / rates.PAGES_ANNOTATED.value / 3600)
    assert told["hours"] == pytest.approx(told["cpu_hours"] / 10)
    assert told["work_bytes"] == size
    assert told["store_bytes"] == pytest.approx(size * rates.STORE_ANNOTATED.value)
    assert told["memory_bytes"] == 10 * rates.MEMORY_ANNOTATED.value


def test_what_no_source_states_is_null_and_said() -> None:
    told = planned("cc:CC-MAIN-2013-20")
    assert told["files"] is None
    assert any("no source states how many" in note for note in told["notes"])
    assert "unknown WARC files" in called("cc:CC-MAIN-2013-20").stdout


def test_every_rate_says_how_it_was_measured_or_that_it_was_given() -> None:
    told = planned("cc:CC-MAIN-2013-20", "--pages-per-second", "50", "--memory-per-worker", "512")
    assert told["rates"]["pages"] == {
        "value": 50,
        "unit": "HTML pages a second and core",
        "from": "given",
    }
    assert told["memory_bytes"] == told["workers"] * 512e6
    assert told["cpu_hours"] == pytest.approx(1_796_098_643 / 50 / 3600)
    assert told["rates"]["store"]["from"] == "python -m tests.bench.plan"
    assert told["rates"]["store"]["day"]


def test_files_are_counted_in_the_path_list_and_their_sizes_asked(layout: Layout) -> None:
    told = planned(f"cc:{CRAWL}", "--files", "2", "--cc-base", str(layout.folder))
    sizes = {(layout.folder / path).stat().st_size for path in layout.warcs.values()}
    assert told["files"] == 2
    assert told["bytes"] < sum(sizes)
    published = round(53.53 * 2**40)
    assert told["pages"] == round(2_954_836_065 * told["bytes"] / published)


def test_a_selection_is_counted_in_the_index(layout: Layout) -> None:
    told = planned(f"cc:{CRAWL}", "--where", GAELIC, "--cc-base", str(layout.folder))
    rows = [row for row in layout.rows if "gla" in row["content_languages"]]
    assert (told["files"], told["records"], told["pages"]) == (2, 3, 3)
    assert told["bytes"] == sum(row["warc_record_length"] for row in rows)


def test_a_plan_reads_the_index_and_no_record(layout: Layout) -> None:
    with web() as served:
        for path in layout.folder.rglob("*"):
            if path.is_file():
                served.put(path.relative_to(layout.folder).as_posix(), path.read_bytes())
        planned(f"cc:{CRAWL}", "--where", GAELIC, "--cc-base", served.url)
        assert served.asked
        assert not [each for each in served.asked if each.path.endswith(".warc.gz")]


def test_records_that_cannot_be_read_are_told_and_not_counted(layout: Layout) -> None:
    layout.row("http://alba.scot/taigh")["warc_record_length"] = 2_000_000_000
    layout.write_index()
    told = planned(f"cc:{CRAWL}", "--where", GAELIC, "--cc-base", str(layout.folder))
    assert (told["records"], told["pages"]) == (3, 2)
    assert told["bytes"] < 10_000
    assert "1 records have no place that can be read" in told["notes"]


def test_a_crawl_of_arc_files_is_planned_by_its_older_name() -> None:
    told = planned("cc:crawl-001")
    assert (told["crawl"], told["format"], told["bytes"]) == ("CC-MAIN-2008-2009", "arc", 12 << 40)


def test_wet_files_are_planned_as_such_with_what_is_known_against_them() -> None:
    old, sound = planned("wet:CC-MAIN-2013-20"), planned("wet:CC-MAIN-2016-50")
    assert old["bytes"] == round(4.42 * 2**40)
    assert "for UTF-8" in old["notes"][-1]
    assert not any("UTF-8" in note for note in sound["notes"])


@pytest.mark.parametrize("name", ["CC-MAIN-2013-20", "cc:", "cc:nothing", "crawl/*.warc.gz"])
def test_what_names_no_crawl_is_wrong_use(name: str) -> None:
    done = called(name)
    assert isinstance(done.exception, UsageError)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "unknown"), (5, "5 bytes"), (1.5e6, "1.5 MB"), (2e9, "2.0 GB"), (26e12, "26.0 TB")],
)
def test_sizes_are_shown_in_a_unit_that_fits(value: float | None, shown: str) -> None:
    assert _size(value) == shown


def test_hours_below_one_are_minutes() -> None:
    assert (_hours(None), _hours(0.5), _hours(36.04)) == ("unknown", "30.0 minutes", "36.0 hours")
