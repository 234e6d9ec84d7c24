-- near_single_cell_threshold: which series hold samples that the single-cell filter could as well have decided otherwise?
SELECT
    series_id,
    count(*) AS n_samples,
    count_if(single_cell_probability BETWEEN 0.3 AND 0.7) AS n_uncertain,
    count_if(single_cell_probability >= 0.5) AS n_out,
    round(min(single_cell_probability), 3) AS lowest,
    round(max(single_cell_probability), 3) AS highest,
    any_value(title) AS example_title
FROM sample
WHERE single_cell_probability IS NOT NULL
GROUP BY series_id
HAVING count_if(single_cell_probability BETWEEN 0.3 AND 0.7) > 0 OR count_if(single_cell_probability >= 0.5) NOT IN (0, count(*))
ORDER BY n_uncertain DESC, n_samples DESC, series_id ASC;
