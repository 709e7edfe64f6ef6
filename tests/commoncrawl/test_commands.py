"""`lowbg build` of crawls by name, as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from archive.errors import UsageError
from cli import group
from tests.commoncrawl.layout import CRAWL, Layout

GAELIC = "content_languages like '%gla%' and url_host_tld = 'scot'"


@pytest.fixture(autouse=True)
def _places(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWBG_CC_BASE", str(layout.folder))
    monkeypatch.setenv("LOWBG_STORE", str(tmp_path / "store"))


def called(*arguments: str, listing: str | None = None) -> Result:
    command = ["build", *arguments, "--name", "web", "--workers", "1", "--no-annotate"]
    # As `cli.output.run` calls it: what the command returns is its exit code.
    return CliRunner().invoke(group, command, listing, standalone_mode=False)


def built(*arguments: str, listing: str | None = None) -> dict[str, Any]:
    done = called(*arguments, "--json", listing=listing)
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_crawl_a_sample_of_it_and_a_selection_are_built_by_name() -> None:
    assert built(f"cc:{CRAWL}")["documents"] == 7
    assert built(f"wet:{CRAWL}")["documents"] == 7
    assert built(f"cc:{CRAWL}", "--files", "1")["inputs"] == 1
    selected = built(f"cc:{CRAWL}", "--where", GAELIC)
    assert (selected["documents"], selected["disagreeing"]) == (3, [])


def test_crawls_may_stand_in_a_list_on_standard_input() -> None:
    told = built("-", "--files", "1", listing=f"cc:{CRAWL}\nwet:{CRAWL}\n")
    assert told["inputs"] == 2


def test_the_seed_decides_which_files(layout: Layout) -> None:
    roots = {built(f"cc:{CRAWL}", "--files", "1", "--seed", str(n))["content_root"] for n in "0123"}
    assert 1 < len(roots) <= len(layout.warcs)
    again = built(f"cc:{CRAWL}", "--files", "1", "--seed", "0")["content_root"]
    assert again in roots


def test_a_selection_out_of_a_cdxj_file(layout: Layout, tmp_path: Path) -> None:
    index = tmp_path / "index.cdxj"
    index.write_text("\n".join(layout.cdxj()))
    assert built(f"cc:{CRAWL}", "--index", str(index))["documents"] == 7
    assert built(f"cc:{CRAWL}", "--index", str(index), "--where", GAELIC)["documents"] == 3


def test_what_disagrees_with_the_index_is_shown_and_fails_a_strict_build(layout: Layout) -> None:
    layout.row("http://alba.scot/muir")["warc_record_length"] += 1
    layout.write_index()
    told = built(f"cc:{CRAWL}", "--where", GAELIC)
    assert [each["url"] for each in told["disagreeing"]] == ["http://alba.scot/muir"]
    shown = called(f"cc:{CRAWL}", "--where", GAELIC)
    assert shown.return_value == 0
    assert "1 selected records are not as the index says, left out:" in shown.stdout
    assert "the member ends 1 bytes before the range" in shown.stdout
    assert called(f"cc:{CRAWL}", "--where", GAELIC, "--strict").return_value == 1


def test_a_choice_without_a_crawl_is_wrong_use(layout: Layout) -> None:
    done = called(str(layout.folder / layout.warcs["00000"]), "--where", GAELIC)
    assert isinstance(done.exception, UsageError)


def test_what_is_refused_leaves_no_store_behind(tmp_path: Path) -> None:
    assert called(f"cc:{CRAWL}", "--where", "no_such_column = 1").exit_code != 0
    assert not (tmp_path / "store").exists()
