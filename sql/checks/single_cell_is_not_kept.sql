-- single_cell_is_not_kept: nothing above the single-cell threshold is in the matrix.
SELECT kept.sample_id, sample.single_cell_probability
FROM kept
INNER JOIN sample USING (sample_id)
WHERE sample.single_cell_probability >= $single_cell_threshold
ORDER BY kept.sample_id;
