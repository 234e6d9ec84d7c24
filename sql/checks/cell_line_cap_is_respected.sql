-- cell_line_cap_is_respected: no tissue has more cell-line samples in the matrix than the cell-line cap.
SELECT label.tissue, count(*) AS n_cell_lines
FROM kept
INNER JOIN label USING (sample_id)
WHERE label.is_cell_line
GROUP BY label.tissue
HAVING count(*) > $cell_line_cap
ORDER BY label.tissue;
