-- rules_are_complete: verdict, way of matching, fields and kind come from closed lists; a map has a term in a tissue.
WITH field AS (SELECT list(DISTINCT weight.field) || ['protocol'] FROM weight),
fault AS (
    SELECT
        line, rule_id,
        CASE
            WHEN verdict NOT IN ('map', 'block', 'cell_line', 'single_cell')
                THEN 'verdict ' || verdict || ' is none of map, block, cell_line, single_cell'
            WHEN match NOT IN ('phrase', 'whole', 'pattern')
                THEN 'match ' || match || ' is none of phrase, whole, pattern'
            WHEN match = 'phrase' AND length(words(text)) < 2
                THEN 'the phrase ' || text || ' has fewer than two letters or digits'
            WHEN fields <> 'any'
                AND NOT list_has_all((FROM field), string_split(fields, ','))
                THEN 'fields ' || fields || ' are not all in weights.tsv'
            WHEN verdict <> 'map' THEN NULL
            WHEN term_id IS NULL THEN 'a map needs a term'
            WHEN kind NOT IN (SELECT weight.kind FROM weight) THEN 'kind ' || kind || ' is not in weights.tsv'
            WHEN term_id NOT IN (SELECT term_tissue.term_id FROM term_tissue)
                THEN term_id || ' is no live term in one of the tissues'
            WHEN NOT EXISTS (SELECT 1 FROM term WHERE term.term_id = rule.term_id AND term.name = rule.term_name)
                THEN 'term ' || term_id || ' is not named ' || coalesce(term_name, '(empty)')
        END AS what
    FROM rule
)
SELECT 'rules.tsv' AS file, line, rule_id || ': ' || what AS what
FROM fault
WHERE what IS NOT NULL
ORDER BY line;
