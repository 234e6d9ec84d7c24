-- matrix_rows_equal_metadata_rows: the compendium, read back, holds the samples of `kept` in their order, and nothing
-- else.
SELECT kept.row, kept.sample_id AS in_metadata, matrix_row.sample_id AS in_matrix
FROM kept
FULL OUTER JOIN matrix_row ON kept.row = matrix_row.row
WHERE kept.sample_id IS DISTINCT FROM matrix_row.sample_id
ORDER BY ALL;
