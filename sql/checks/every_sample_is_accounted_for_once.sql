-- every_sample_is_accounted_for_once: each sample of each source is either in the matrix or excluded with one reason.
WITH fate AS (
    SELECT sample_id FROM kept
    UNION ALL
    SELECT sample_id FROM exclusion
)

SELECT sample.sample_id, count(fate.sample_id) AS n_fates
FROM sample
LEFT JOIN fate USING (sample_id)
GROUP BY sample.sample_id
HAVING count(fate.sample_id) <> 1
ORDER BY sample.sample_id;
