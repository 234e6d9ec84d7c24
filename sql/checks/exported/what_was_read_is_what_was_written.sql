-- what_was_read_is_what_was_written: every sample of the matrix was read, with the genes detected that its row has, and
-- whoever was read and is not in the matrix is there as shallow.
SELECT
    coalesce(read_sample.sample_id, quality.sample_id) AS sample_id,
    read_sample.n_genes_detected AS when_read,
    quality.n_genes_detected AS in_matrix
FROM read_sample
FULL OUTER JOIN quality ON read_sample.sample_id = quality.sample_id
LEFT JOIN shallow_sample ON read_sample.sample_id = shallow_sample.sample_id
WHERE
    (read_sample.n_genes_detected IS DISTINCT FROM quality.n_genes_detected AND shallow_sample.sample_id IS NULL)
    OR (quality.sample_id IS NOT NULL AND shallow_sample.sample_id IS NOT NULL)
ORDER BY ALL;
