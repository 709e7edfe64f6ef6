"""Cuts: named, frozen predicates over documents, signals and duplicates.

A cut is a `.sql` file: a header of comment lines, then one boolean expression for each rule. What
a rule does not say is true of a document, it drops; what it cannot tell (NULL) it drops and counts.
`load` takes a frozen name, a name that another package gives (entry point `lowbackground.cuts`:
the path of its file), or the path of a file of one's own.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

from archive.cuts.check import check
from archive.cuts.cut import Cut, Rule, annotated, clean_view, define_clean
from archive.cuts.parse import parse
from archive.errors import EnvironmentFailed, UnknownName, UsageError

__all__ = [
    "DEFAULT",
    "FROZEN",
    "Cut",
    "Rule",
    "annotated",
    "clean_view",
    "define_clean",
    "load",
    "names",
]

DEFAULT: Final = "preserve"

FROZEN: Final = (
    "everything",
    "first",
    "preserve",
    "gopher",
    "c4",
    "fineweb-2024-04",
    "fineweb-current",
    "dclm-refinedweb",
)
"""The cuts that come with the project, in the order that they are listed."""


def names() -> tuple[str, ...]:
    """Every name that `load` knows: the frozen cuts, then those of other packages."""
    return (*FROZEN, *sorted(set(_added()) - set(FROZEN)))


def load(name: str | Path) -> Cut:
    """The cut of a name, or of a `.sql` file.

    Raises UnknownName for a name, or a column in the file, that is not known.
    """
    text = str(name)
    if text in FROZEN:
        return parse(_read(Path(__file__).with_name(f"{text}.sql")), text)
    if text in (added := _added()):
        return _own(Path(str(added[text].load())), expected=text)
    if isinstance(name, Path) or text.endswith(".sql") or "/" in text:
        return _own(Path(name))
    raise UnknownName("cut", text, (*names(), "or the path of a .sql file"))


def _own(path: Path, expected: str | None = None) -> Cut:
    """A cut that did not come with the project: checked against the columns there are."""
    cut = parse(_read(path), str(path))
    if expected and cut.name != expected:
        raise UsageError(
            f"{path} calls itself {cut.name}, its package calls it {expected}",
            next_step="give both the same name",
        )
    if cut.name in FROZEN and cut.hash != load(cut.name).hash:
        raise UsageError(
            f"{path} calls itself {cut.name}, and is not that frozen cut",
            next_step="give it a name of its own on its line '-- cut:'",
        )
    check(cut)
    return cut


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(
            f"no file {path}", next_step=f"cuts known by name: {', '.join(names())}"
        ) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: {error}", next_step="save it as UTF-8") from None
    except OSError as error:
        raise EnvironmentFailed(str(error), next_step="check the path") from error


def _added() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group="lowbackground.cuts")}
