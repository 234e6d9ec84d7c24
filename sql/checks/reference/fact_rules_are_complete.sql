-- fact_rules_are_complete: facts, verdicts and fields come from closed lists; a map has a value, and its term is known.
SELECT 'fact_rules.tsv' AS file, line, rule_id || ': ' || CASE
    WHEN fact NOT IN (SELECT fact_weight.fact FROM fact_weight) THEN fact || ' is no fact that fact_weights.tsv lists'
    WHEN verdict NOT IN ('map', 'block') THEN 'verdict ' || verdict || ' is neither map nor block'
    WHEN match NOT IN ('phrase', 'whole', 'pattern') THEN 'match ' || match || ' is none of phrase, whole, pattern'
    WHEN verdict = 'map' AND value IS NULL THEN 'a map needs a value'
    WHEN ontology_term_id LIKE 'MONDO:%' THEN ontology_term_id || ' is not named ' || value
    ELSE 'fields ' || fields || ' are not all known for this fact in fact_weights.tsv'
END AS what
FROM fact_rule
WHERE fact NOT IN (SELECT fact_weight.fact FROM fact_weight)
    OR verdict NOT IN ('map', 'block') OR match NOT IN ('phrase', 'whole', 'pattern')
    OR (verdict = 'map' AND value IS NULL)
    OR (ontology_term_id LIKE 'MONDO:%' AND NOT EXISTS (
        SELECT 1 FROM disease_name WHERE disease_name.term_id = ontology_term_id AND disease_name.name = value))
    OR (fields <> 'any' AND NOT list_has_all(
        (SELECT list(w.field) FROM fact_weight AS w WHERE w.fact = fact_rule.fact), string_split(fields, ',')))
ORDER BY line;
