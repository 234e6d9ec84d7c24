-- kept_has_a_matrix_row: every row of the compendium comes from one row of one input matrix, and none of them twice.
SELECT source, matrix_file, matrix_row, count(*) AS n_samples, min(sample_id) AS first_sample
FROM kept
GROUP BY source, matrix_file, matrix_row
HAVING count(*) > 1 OR matrix_file IS NULL OR matrix_row IS NULL OR matrix_row < 0
ORDER BY ALL;
