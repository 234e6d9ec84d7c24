-- sample_ids_are_unique_in_the_matrix: one row of X per sample, and one sample per row.
SELECT sample_id, count(*) AS n_rows
FROM kept
GROUP BY sample_id
HAVING count(*) > 1
UNION ALL
SELECT 'row ' || row, count(*)
FROM kept
GROUP BY row
HAVING count(*) > 1
ORDER BY ALL;
