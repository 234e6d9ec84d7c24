-- group_tissue: one row per group and class of its labelled samples, with the draw of the group.
-- The draw is a number in [0, 1) that depends on seed and group only.
CREATE OR REPLACE TABLE group_tissue AS
SELECT
    group_id,
    tissue,
    count(*) AS n_samples,
    ('0x' || md5($seed || group_id)[:13])::BIGINT / 2::DOUBLE ** 52 AS draw
FROM candidate
WHERE tissue <> ''
GROUP BY group_id, tissue;
