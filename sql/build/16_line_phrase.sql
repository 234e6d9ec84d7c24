-- line_phrase: one row per way to write the name of a cell line, and what must stand around it to be believed. T24 is
-- also a time, 293 a sample and H1 a histone: one or two letters and a few digits, or a bare word or number, need
-- context. A name that no curator knows is believed under a cell-line key or before the word "cells" only: 140,000
-- names hit any sample number.
CREATE OR REPLACE TABLE line_phrase AS
WITH line_name AS (
    SELECT name, term_id, needs AS stated, 2 AS precedence FROM cell_line
    UNION ALL
    SELECT name, NULL, NULL, 6 FROM cell_name WHERE name NOT IN (SELECT name FROM cell_line)
),
written AS (
    SELECT DISTINCT name, term_id, stated, precedence, unnest([
        words(name), replace(words(name), ' ', ''), words(unglued(name)),
        regexp_replace(words(name), '([a-z])([0-9])', '\1 \2', 'g')
    ]) AS phrase
    FROM line_name
)
SELECT
    phrase, 'cell_line' AS verdict, written.term_id, term_tissue.tissue, NULL AS rule_id, name AS synonym,
    'CELL_LINE' AS scope, precedence,
    CASE
        WHEN term_tissue.tissue IN (SELECT word FROM vocabulary WHERE list = 'pluripotent_tissue') THEN 'pluripotent'
        ELSE 'line'
    END AS kind,
    (SELECT list(word ORDER BY word) FROM vocabulary WHERE list = 'cell_line_field') AS fields,
    CASE
        WHEN stated IS NOT NULL THEN stated
        WHEN precedence = 6 THEN CASE WHEN length(replace(phrase, ' ', '')) >= 5 THEN 'cells' ELSE 'key' END
        WHEN length(replace(phrase, ' ', '')) <= 2 THEN 'key'
        WHEN regexp_matches(
            replace(phrase, ' ', ''), '^([a-z]{1,2}[0-9]{1,3}[a-z]?|[a-z]{1,4}|[0-9]+[a-z]?|[0-9].{0,3})$'
        ) THEN 'context'
        ELSE 'anywhere'
    END AS needs
FROM written LEFT JOIN term_tissue USING (term_id)
WHERE length(phrase) >= 2;
