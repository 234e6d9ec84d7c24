-- a source of which nothing reached the matrix.
SELECT
    format('none of the {} samples of {} is in the matrix', count(*), sample.source) AS what,
    'ask `curate audit exclusions_by_reason`' AS advice
FROM sample LEFT JOIN kept USING (sample_id) GROUP BY sample.source HAVING count(kept.sample_id) = 0 ORDER BY sample.source;
