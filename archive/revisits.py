"""Resolves revisit records to the captures they point to, over all ledgers of a snapshot.

By record id; else by URL and date; else by payload digest, where the earliest capture with that
digest, not after the revisit, is meant. Ties go to the smallest (date, source, place): never to
the order of arrival. A server-not-modified revisit is not resolved by digest, because writers
store the digest of the empty payload there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from archive.manifest import ObjectRef
from archive.tables import write_rows

_QUERY: Final = """
with ledger as (
    select * from read_parquet($ledgers)
), revisit as (
    select * from ledger where outcome = 'revisit'
), capture as (
    select record_id, url, captured_at, payload_digest, document,
           source as to_source, "offset" as to_offset, member as to_member
    from ledger where type in ('response', 'resource')
), pointed as (
    select r.source, r."offset", r.member, 1 as rank, 'record-id' as matched_by,
           c.to_source, c.to_offset, c.to_member, c.document, c.captured_at
    from revisit r join capture c on r.refers_to = c.record_id
    union all
    select r.source, r."offset", r.member, 2, 'url-and-date',
           c.to_source, c.to_offset, c.to_member, c.document, c.captured_at
    from revisit r join capture c
      on r.refers_to_url = c.url and r.refers_to_date = c.captured_at
    union all
    select r.source, r."offset", r.member, 3, 'payload-digest',
           c.to_source, c.to_offset, c.to_member, c.document, c.captured_at
    from revisit r join capture c
      on r.payload_digest = c.payload_digest and c.captured_at <= r.captured_at
    where r.reason not like '%server-not-modified%'
), ranked as (
    select *, row_number() over (
        partition by source, "offset", member
        order by rank, captured_at, to_source, coalesce(to_member, to_offset), to_offset
    ) as place
    from pointed
)
select r.source, r."offset", r.member,
       k.matched_by, k.to_source, k.to_offset, k.to_member, k.document
from revisit r left join ranked k
  on k.place = 1 and k.source = r.source and k."offset" = r."offset"
 and k.member is not distinct from r.member
order by r.source, coalesce(r.member, r."offset"), r."offset"
"""


def resolve_revisits(ledgers: Sequence[Path], path: Path) -> tuple[ObjectRef, int]:
    """Writes the table `revisits` to `path`; returns what it is and how many stay unresolved."""
    unresolved = 0

    def rows() -> Any:
        nonlocal unresolved
        for row in _resolved(ledgers, path.parent):
            unresolved += row["matched_by"] is None
            yield row

    ref = write_rows("revisits", path, rows())
    return ref, unresolved


def _resolved(ledgers: Sequence[Path], scratch: Path) -> Any:
    if not ledgers:
        return
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '1GB'")
        connection.execute(
            "set temp_directory = $folder", {"folder": str(scratch / "revisits.tmp")}
        )
        cursor = connection.execute(_QUERY, {"ledgers": [str(path) for path in ledgers]})
        names = [column[0] for column in cursor.description]
        while batch := cursor.fetchmany(4096):
            for values in batch:
                yield dict(zip(names, values, strict=True))
