-- line_needs_are_known: what must stand around the name of a line comes from a closed list.
SELECT
    'cell_lines.tsv' AS file, line,
    concat(name, ': needs ', needs, ' is none of anywhere, context, alone, key') AS what
FROM cell_line
WHERE needs NOT IN ('anywhere', 'context', 'alone', 'key')
ORDER BY line;
