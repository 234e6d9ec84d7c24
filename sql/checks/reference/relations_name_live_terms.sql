-- relations_name_live_terms: ids and names must agree, so that a wrong digit cannot hide.
SELECT 'relations.tsv' AS file, line, side.term_id || ' is not a live term named ' || side.name AS what
FROM (
    SELECT line, term_id, term_name AS name FROM relation
    UNION ALL
    SELECT line, parent_id, parent_name FROM relation
) AS side
WHERE NOT EXISTS (SELECT 1 FROM term WHERE term.term_id = side.term_id AND term.name = side.name)
ORDER BY line;
