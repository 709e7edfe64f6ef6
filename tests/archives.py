"""A small crawl made by code: many outcomes, two inputs, texts in several scripts."""

from __future__ import annotations

from pathlib import Path

from tests import warcs

LATE = "2023-05-01T00:00:00Z"

STORIES = {
    "tide": "The tide table hung beside the door, and every child in the house could read it.",
    "bread": "Bread was baked on Fridays, when the oven of the whole street was already warm.",
    "ferry": "Паром ходил дважды в день, и все знали капитана по имени.",
    "market": "Η αγορά άνοιγε πριν από την αυγή, και οι φωνές έφταναν ως το λιμάνι.",
    "radio": "He mended radios in the back room and never threw a valve away.",
    "letter": "Her letter took eleven days to cross the sea, and it was read aloud twice.",
}


def page(name: str, *, date: str = warcs.DATE, host: str = "example.org") -> bytes:
    """One good capture of one of the stories."""
    block = warcs.html_page(f"{STORIES[name]}\n\n{STORIES[name][::-1]}", title=name)
    return warcs.warc_record("response", f"http://{host}/{name}", date, block)


def records() -> list[bytes]:
    """Thirteen records with nine outcomes between them."""
    image = warcs.http_response(
        200, {"Content-Type": "image/png"}, b"\x89PNG\r\n\x1a\n" + bytes(64)
    )
    moved = warcs.http_response(301, {"Location": "/tide"}, b"", reason="Moved")
    gone = warcs.http_response(404, {"Content-Type": "text/html"}, b"<p>gone</p>", reason="Gone")
    blank = warcs.http_response(200, {"Content-Type": "text/html"}, b"")
    return [
        warcs.warcinfo(),
        *(page(name) for name in STORIES),
        warcs.warc_record("response", "http://example.org/dot.png", block=image),
        warcs.warc_record("response", "http://example.org/old", block=moved),
        warcs.warc_record("response", "http://example.org/gone", block=gone),
        warcs.warc_record("response", "http://example.org/blank", block=blank),
        page("tide", date=LATE, host="late.example.org"),
        page("bread", date="no date at all", host="undated.example.org"),
    ]


def write_crawl(folder: Path) -> list[str]:
    """Two inputs: one of gzip members, one plain with a revisit of a page in the other."""
    folder.mkdir(parents=True, exist_ok=True)
    first, second = folder / "first.warc.gz", folder / "second.warc"
    first.write_bytes(warcs.gzip_members(records()))
    tide = warcs.html_page(f"{STORIES['tide']}\n\n{STORIES['tide'][::-1]}", title="tide")
    body = tide.split(b"\r\n\r\n", 1)[1]
    revisit = {"WARC-Payload-Digest": warcs.sha1(body)}
    lost = {"WARC-Payload-Digest": warcs.sha1(b"never captured")}
    second.write_bytes(
        b"".join(
            [
                page("radio", date="2010-01-02T03:04:05Z", host="example.net"),
                warcs.warc_record(
                    "revisit", "http://example.org/tide", "2011-01-01T00:00:00Z", headers=revisit
                ),
                warcs.warc_record(
                    "revisit", "http://example.org/lost", "2011-01-01T00:00:00Z", headers=lost
                ),
            ]
        )
    )
    return [str(first), str(second)]
