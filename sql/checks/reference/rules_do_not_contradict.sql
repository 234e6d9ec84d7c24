-- rules_do_not_contradict: the same words in the same fields cannot mean two things.
SELECT
    'rules.tsv' AS file, max(line) AS line,
    string_agg(rule_id, ', ' ORDER BY rule_id) || ' give different meanings to "' || words(text)
    || '" in fields ' || fields AS what
FROM rule
WHERE match = 'phrase'
GROUP BY words(text), fields
HAVING count(DISTINCT verdict || ' ' || coalesce(term_id, '')) > 1
ORDER BY line;
