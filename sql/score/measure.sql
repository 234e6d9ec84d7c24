-- measure: precision, recall and coverage of a set of judged samples and of each of its parts.
-- A sample that the labeller itself flags as a cell line is left out of precision and counts as missed in recall.
WITH part AS (
    SELECT 'all' AS part, '' AS name, * FROM judged
    UNION ALL
    SELECT 'primary', '', * FROM judged WHERE NOT names_cell_line
    UNION ALL
    SELECT 'tissue', accepted[1], * FROM judged WHERE NOT names_cell_line
    UNION ALL
    SELECT 'field', field, * FROM judged WHERE NOT names_cell_line AND is_mapped
)
SELECT
    part, name, count(*) AS n, count_if(is_mapped AND NOT is_cell_line)::BIGINT AS n_mapped,
    count_if(is_cell_line)::BIGINT AS n_cell_line,
    count_if(is_right AND is_mapped AND NOT is_cell_line)::BIGINT AS n_right,
    round(n_right / nullif(n_mapped, 0), 4) AS precision, round(n_right / n, 4) AS recall,
    round(n_mapped / n, 4) AS coverage
FROM part GROUP BY part, name ORDER BY part ASC, n DESC, name ASC;
