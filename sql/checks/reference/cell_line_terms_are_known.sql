-- cell_line_terms_are_known: a line of a withdrawn or unknown organ would lose its tissue without a word.
SELECT
    'cell_lines.tsv' AS file, line,
    name || ' comes from ' || cell_line.term_id || ' (' || coalesce(cell_line.term_name, '')
    || '), which is no live term of that name in one of the tissues' AS what
FROM cell_line
WHERE term_id IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM term JOIN term_tissue USING (term_id)
        WHERE term.term_id = cell_line.term_id AND term.name = cell_line.term_name
    )
ORDER BY line;
