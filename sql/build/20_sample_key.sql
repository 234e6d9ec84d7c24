-- sample_key: one row per sample and study or donor that it belongs to.
-- Why: a sample may stand in several GEO series, and a donor may give several tissues; both tie samples together.
CREATE OR REPLACE TABLE sample_key AS
WITH series AS (
    SELECT sample_id, trim(unnest(string_split(series_id, ','))) AS key
    FROM sample
    WHERE series_id IS NOT NULL
),

donor AS (
    SELECT sample_id, source || ':' || donor_id AS key
    FROM sample
    WHERE donor_id IS NOT NULL AND donor_id <> ''
)

SELECT DISTINCT sample_id, key FROM series WHERE key <> ''
UNION
SELECT DISTINCT sample_id, key FROM donor;
