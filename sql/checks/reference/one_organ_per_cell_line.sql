-- one_organ_per_cell_line: two spellings of one accession would send the same line to two tissues.
SELECT
    'cell_lines.tsv' AS file, cell_line.line,
    concat(cell_line.name, ': ', cell_line.accession, ' is ', coalesce(cell_line.term_name, 'no organ'),
        ' here and ', coalesce(other.term_name, 'no organ'), ' under ', other.name) AS what
FROM cell_line JOIN cell_line AS other USING (accession)
WHERE cell_line.name > other.name AND cell_line.term_id IS DISTINCT FROM other.term_id
ORDER BY cell_line.line;
