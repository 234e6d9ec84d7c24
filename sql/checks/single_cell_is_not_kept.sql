-- single_cell_is_not_kept: nothing above the single-cell threshold, and nothing whose text says single cell, is in the
-- matrix.
SELECT kept.sample_id, sample.single_cell_probability, label.single_cell_words
FROM kept
INNER JOIN sample USING (sample_id)
LEFT JOIN label USING (sample_id)
WHERE sample.single_cell_probability >= $single_cell_threshold OR label.single_cell_words IS NOT NULL
ORDER BY kept.sample_id;
