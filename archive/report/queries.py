"""The questions of a report: each one SELECT that a reader can run again with `lowbg sql`."""

from __future__ import annotations

from typing import Final

SHOWN: Final = 25
"""Rows of a list that would be endless: hosts, reasons, clusters."""

_SHARE: Final = "round(100 * count(*) / sum(count(*)) OVER (), 2) AS percent"

_RECORDS: Final = "outcome NOT IN ('container', 'padding')"


def _spread(column: str, steps: int) -> str:
    """How many documents lie in each of `steps` buckets a power of ten; 0 is a bucket of its own.

    The edges are whole numbers, so that `at_least` and `below` say exactly who is counted.
    """
    return f"""WITH edges AS (
  SELECT DISTINCT ceil(10 ** (n / {steps}.0) - 1e-9)::BIGINT AS at_least
  FROM range(0, {steps * 9}) AS powers(n)
), buckets AS (
  SELECT at_least, lead(at_least) OVER (ORDER BY at_least) AS below FROM edges
  UNION ALL SELECT 0, 1
), sizes AS (
  SELECT {column} AS n FROM documents
)
SELECT at_least, below, count(*) AS documents
FROM sizes JOIN buckets ON n >= at_least AND (n < below OR below IS NULL)
GROUP BY ALL ORDER BY at_least"""


DOCUMENTS: Final = {
    "contents": """SELECT count(*) AS documents,
  coalesce(sum(length(text)), 0)::BIGINT AS characters,
  count(DISTINCT host) AS hosts,
  count(DISTINCT registered_domain) AS domains,
  strftime(min(captured_at), '%Y-%m-%d') AS first_capture,
  strftime(max(captured_at), '%Y-%m-%d') AS last_capture
FROM documents""",
    "inputs": f"""SELECT name, bytes, records, documents,
  duplicate_of, left(source, 16) AS sha256
FROM inputs ORDER BY bytes DESC, name LIMIT {SHOWN}""",
    "inputs_all": """SELECT count(*) AS inputs, count(duplicate_of) AS same_bytes_again,
  coalesce(sum(bytes), 0)::BIGINT AS bytes,
  coalesce(sum(accounted), 0)::BIGINT AS accounted,
  coalesce(sum(records), 0)::BIGINT AS records
FROM inputs""",
    "outcomes": f"""SELECT outcome, count(*) AS records, {_SHARE}
FROM ledger WHERE {_RECORDS}
GROUP BY outcome ORDER BY records DESC, outcome""",
    "reasons": f"""SELECT outcome, reason, count(*) AS records
FROM ledger WHERE {_RECORDS} AND reason <> ''
GROUP BY ALL ORDER BY records DESC, outcome, reason LIMIT {SHOWN}""",
    "years": """SELECT year,
  count(*) FILTER (grade = 'attested') AS attested,
  count(*) FILTER (grade = 'consistent') AS consistent,
  count(*) FILTER (grade = 'claimed') AS claimed,
  count(*) FILTER (grade = 'contradicted') AS contradicted
FROM documents GROUP BY year ORDER BY year""",
    "grades": f"""SELECT grade, count(*) AS documents, {_SHARE}
FROM documents GROUP BY grade
ORDER BY list_position(['attested', 'consistent', 'claimed', 'contradicted'], grade)""",
    "grade_reasons": f"""SELECT grade, reason, count(*) AS documents
FROM (SELECT grade, unnest(grade_reasons) AS reason FROM documents)
GROUP BY ALL ORDER BY documents DESC, grade, reason LIMIT {SHOWN}""",
    "hosts": f"""SELECT host, count(*) AS documents, {_SHARE},
  sum(length(text))::BIGINT AS characters, min(year) AS first_year, max(year) AS last_year
FROM documents GROUP BY host ORDER BY documents DESC, host LIMIT {SHOWN}""",
    "host_sizes": """SELECT CASE WHEN n = 1 THEN '1' WHEN n < 10 THEN '2 to 9'
    WHEN n < 100 THEN '10 to 99' WHEN n < 1000 THEN '100 to 999' ELSE '1,000 or more'
  END AS documents_each, count(*) AS hosts, sum(n)::BIGINT AS documents
FROM (SELECT host, count(*) AS n FROM documents GROUP BY host)
GROUP BY documents_each ORDER BY min(n)""",
    "lengths": _spread("length(text)", 6),
    "length_quantiles": """SELECT min(length(text)) AS shortest,
  quantile_disc(length(text), 0.05) AS "5 %", quantile_disc(length(text), 0.25) AS "25 %",
  quantile_disc(length(text), 0.5) AS median, quantile_disc(length(text), 0.75) AS "75 %",
  quantile_disc(length(text), 0.95) AS "95 %", max(length(text)) AS longest
FROM documents""",
}
"""Of every snapshot."""

SIGNALS: Final = {
    "languages": f"""SELECT language, count(*) AS documents, {_SHARE},
  count(DISTINCT host) AS hosts, sum(words)::BIGINT AS words
FROM signals JOIN documents USING (id)
GROUP BY language ORDER BY documents DESC, language""",
    "language_by": f"""SELECT language_by AS decided_by, count(*) AS documents, {_SHARE}
FROM signals GROUP BY language_by ORDER BY documents DESC, language_by""",
    "scripts": f"""SELECT CASE script WHEN '' THEN '(none)' ELSE script END AS script,
  count(*) AS documents, {_SHARE}, sum(characters)::BIGINT AS characters
FROM signals GROUP BY ALL ORDER BY documents DESC, script""",
}
"""Of a snapshot with signals."""

DUPLICATES: Final = {
    "duplicates": """SELECT count(*) AS documents,
  count(*) FILTER (coalesce(is_first, true)) AS first_captures,
  count(*) FILTER (kind = 'exact') AS exact_copies,
  count(*) FILTER (kind = 'near') AS near_copies,
  count(DISTINCT cluster) AS clusters
FROM documents LEFT JOIN duplicates USING (id)""",
    "cluster_sizes": """SELECT CASE WHEN n < 5 THEN n::VARCHAR WHEN n < 10 THEN '5 to 9'
    WHEN n < 100 THEN '10 to 99' WHEN n < 1000 THEN '100 to 999' ELSE '1,000 or more'
  END AS documents_each, count(*) AS clusters, sum(n)::BIGINT AS documents
FROM (SELECT cluster, count(*) AS n FROM duplicates GROUP BY cluster)
GROUP BY documents_each ORDER BY min(n)""",
    "similarity": """SELECT floor(20 * least(similarity, 0.999)) / 20 AS at_least,
  count(*) AS near_copies
FROM duplicates WHERE kind = 'near' GROUP BY at_least ORDER BY at_least""",
    "clusters": f"""SELECT n AS documents, hosts, host AS first_host, title AS first_title,
  strftime(captured_at, '%Y-%m-%d') AS first_capture, left(id, 16) AS first_id
FROM (
  SELECT cluster, count(*) AS n, count(DISTINCT host) AS hosts
  FROM duplicates JOIN documents USING (id) GROUP BY cluster
) AS clusters JOIN documents ON documents.id = clusters.cluster
ORDER BY n DESC, id LIMIT {SHOWN}""",
}
"""Of a snapshot with duplicates."""
