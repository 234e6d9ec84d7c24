-- series_with_mixed_labels: which studies hold several tissues, those with one stray sample, often a slip, first?
WITH counted AS (
    SELECT sample.series_id, label.tissue, count(*) AS n, min(label.sample_id) AS first_sample
    FROM label
    INNER JOIN sample USING (sample_id)
    WHERE label.tissue IS NOT NULL AND sample.series_id <> ''
    GROUP BY sample.series_id, label.tissue
)

SELECT
    counted.series_id,
    sum(counted.n) AS n_samples,
    count(*) AS n_tissues,
    string_agg(counted.tissue || ' ' || counted.n, ', ' ORDER BY counted.n DESC, counted.tissue ASC) AS tissues,
    min(counted.n) AS n_rarest,
    arg_min(counted.first_sample, (counted.n, counted.tissue)) AS first_of_rarest
FROM counted
GROUP BY counted.series_id
HAVING count(*) > 1
ORDER BY n_rarest ASC, n_samples DESC, counted.series_id ASC;
