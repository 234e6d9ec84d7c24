-- line_phrase: one row per way to write the name of a cell line, and what must stand around it to be believed.
CREATE OR REPLACE TABLE line_phrase AS
WITH line_name AS (
    SELECT name, term_id, needs AS stated, 2 AS precedence FROM cell_line
    UNION ALL
    SELECT name, NULL, NULL, 6 FROM cell_name WHERE name NOT IN (SELECT name FROM cell_line)
),
written AS (
    SELECT DISTINCT unnest([words(name), replace(words(name), ' ', ''), words(unglued(name)), regexp_replace(words(name), '([a-z])([0-9])', '\1 \2', 'g')]) AS phrase, name, term_id, stated, precedence FROM line_name
)

SELECT
    phrase, 'cell_line' AS verdict, CASE WHEN term_tissue.tissue = 'stem_cell' THEN 'pluripotent' ELSE 'line' END AS kind,
    written.term_id, term_tissue.tissue, NULL AS rule_id, name AS synonym, 'CELL_LINE' AS scope,
    ['cell_line', 'source_name', 'title', 'cell_type', 'sample', 'tissue', 'characteristics', 'origin'] AS fields,
    -- T24 is also a time, 293 a sample and H1 a histone: a name of one or two letters and a few digits, or a bare word or number, needs context.
    -- A name that no curator knows is believed under a cell-line key or before the word "cells" only: 140,000 names hit any sample number.
    CASE
        WHEN stated IS NOT NULL THEN stated
        WHEN precedence = 6 THEN CASE WHEN length(replace(phrase, ' ', '')) >= 5 THEN 'cells' ELSE 'key' END
        WHEN length(replace(phrase, ' ', '')) <= 2 THEN 'key'
        WHEN regexp_matches(replace(phrase, ' ', ''), '^([a-z]{1,2}[0-9]{1,3}[a-z]?|[a-z]{1,4}|[0-9]+[a-z]?|[0-9].{0,3})$') THEN 'context'
        ELSE 'anywhere'
    END AS needs,
    precedence
FROM written LEFT JOIN term_tissue USING (term_id)
WHERE length(phrase) >= 2;
