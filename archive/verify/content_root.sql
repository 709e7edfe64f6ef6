-- The content root of the documents files $files (DuckDB 1.4 or later): the row encoding row-v1,
-- the leaves, and the tree of RFC 6962. It shares nothing with archive/digest.py.
WITH RECURSIVE identity_values AS (
    SELECT [encode(epoch_us(captured_at)::VARCHAR), encode(extractor), encode("length"::VARCHAR),
            encode(member::VARCHAR), encode("offset"::VARCHAR), encode(payload_digest),
            encode(source), encode("text"), encode(url)] AS fields
    FROM read_parquet($files)
), leaves AS (
    SELECT unhex(sha256('\x006:row-v1,'::BLOB || list_reduce(list_transform(fields,
               lambda field: coalesce(encode(octet_length(field) || ':') || field || ','::BLOB,
                                      '-,'::BLOB)),
               lambda before, field: before || field))) AS leaf
    FROM identity_values
), tree AS (
    SELECT leaf AS node, row_number() OVER (ORDER BY leaf) - 1 AS place, count(*) OVER () AS nodes
    FROM leaves
    UNION ALL
    SELECT CASE count(*) WHEN 1 THEN any_value(node)  -- an odd node is promoted as it is
           ELSE unhex(sha256('\x01'::BLOB || min_by(node, place) || max_by(node, place))) END,
           place // 2, any_value(nodes + 1) // 2
    FROM tree WHERE nodes > 1 GROUP BY place // 2
)
SELECT coalesce(max(lower(hex(node))), sha256('')) AS content_root FROM tree WHERE nodes = 1;
