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
), by_id as (
    from capture where record_id is not null
    qualify row_number() over (partition by record_id order by {order}) = 1
), by_url as (
    from capture where url is not null and captured_at is not null
    qualify row_number() over (partition by url, captured_at order by {order}) = 1
), by_digest as (
    from capture where payload_digest is not null and captured_at is not null
    qualify row_number() over (partition by payload_digest order by {order}) = 1
), chosen as (
    select r.source, r."offset", r.member,
           case when i.to_source is not null then 'record-id'
                when u.to_source is not null then 'url-and-date'
                when d.to_source is not null then 'payload-digest' end as matched_by,
           i, u, d
    from revisit r
    left join by_id i on i.record_id = r.refers_to
    left join by_url u on u.url = r.refers_to_url and u.captured_at = r.refers_to_date
    left join by_digest d
      on d.payload_digest = r.payload_digest and d.captured_at <= r.captured_at
     and r.reason not like '%server-not-modified%'
), resolved as (
    select source, "offset", member, matched_by,
           case matched_by when 'record-id' then i when 'url-and-date' then u
                           when 'payload-digest' then d end as hit
    from chosen
)
select source, "offset", member, matched_by,
       hit.to_source, hit.to_offset, hit.to_member, hit.document
from resolved
order by source, coalesce(member, "offset"), "offset"
""".format(order="captured_at nulls last, to_source, coalesce(to_member, to_offset), to_offset")


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
