"""The pages of the sample as they lie in the repository: UTF-8 files with a few lines on top."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, fields
from importlib.resources import files

from archive.records import Outcome

FOLDER = files("archive.sample") / "pages"


@dataclass(frozen=True, slots=True)
class Page:
    """One page: what the lines on top of its file say, and the text below them.

    In a file the names have hyphens: `content_type` is written `content-type: text/html`.
    """

    name: str  # of the file
    text: str
    url: str
    date: str  # WARC-Date, as written
    language: str  # BCP 47
    script: str  # of its letters, as Unicode names it; Japanese mixes three
    charset: str  # the one its bytes are in, whatever is declared
    declared: str  # http, meta, bom, none, or wrong: a declaration that is not true
    content_type: str  # the HTTP header
    outcome: Outcome = Outcome.KEPT  # what a build with the default recipe should answer
    wire: str = "plain"  # chunked, gzip, or claims-gzip: the header says so, the body is not
    digest: str = "right"  # or wrong: the payload digest does not match
    damage: str = "none"  # or one bit: flipped in the record's gzip member
    modified: str = ""  # HTTP Last-Modified
    http_date: str = ""  # HTTP Date where it is not the capture date
    same_as: str = ""  # the file whose text this URL serves as well

    def body(self) -> bytes:
        """The bytes of the page in its own charset."""
        if self.charset == "utf-16":  # Python's codec would follow the machine's byte order
            return codecs.BOM_UTF16_LE + self.text.encode("utf-16-le")
        return self.text.encode(self.charset)


def read_pages() -> tuple[Page, ...]:
    """Every page of the sample, by capture date and name."""
    pages = {page.name: page for page in map(_read, _names())}
    return tuple(sorted(pages.values(), key=lambda page: (page.date, page.name)))


def _names() -> list[str]:
    return sorted(entry.name for entry in FOLDER.iterdir())


def _read(name: str) -> Page:
    head, _, text = _source(name).partition("\n\n")
    values = dict(line.split(": ", 1) for line in head.splitlines())
    values = {key.replace("-", "_"): value for key, value in values.items()}
    if unknown := values.keys() - {field.name for field in fields(Page)}:
        raise TypeError(f"archive/sample/pages/{name}: unknown {sorted(unknown)}")
    if "same_as" in values:
        text = _source(values["same_as"]).partition("\n\n")[2]
    outcome = Outcome(values.pop("outcome", Outcome.KEPT))
    return Page(name=name, text=text, outcome=outcome, **values)


def _source(name: str) -> str:
    # A checkout may have turned line ends into CRLF; the sample's bytes must not follow.
    return (FOLDER / name).read_bytes().decode().replace("\r\n", "\n")
