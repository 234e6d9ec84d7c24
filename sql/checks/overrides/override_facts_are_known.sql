-- override_facts_are_known: a decision about a fact names one of the facts, and a value or a live term for it.
SELECT
    'overrides.tsv' AS file, line,
    override_id || ' decides about ' || fact || ': ' || CASE
        WHEN fact NOT IN (SELECT fact_weight.fact FROM fact_weight)
            THEN 'the facts are ' || (SELECT string_agg(DISTINCT fact_weight.fact, ', ') FROM fact_weight)
        WHEN term_id IS NULL AND value IS NULL THEN 'it needs a value or a term'
        ELSE term_id || ' is no disease of Mondo, quality or stage that the ontology folder holds'
    END AS what
FROM override
WHERE fact IS NOT NULL AND (
    fact NOT IN (SELECT fact_weight.fact FROM fact_weight) OR (term_id IS NULL AND value IS NULL)
    OR (term_id NOT IN (SELECT disease_name.term_id FROM disease_name)
        AND term_id NOT IN (SELECT development_stage.term_id FROM development_stage)
        AND term_id NOT IN (SELECT ontology_term_id FROM fact_rule WHERE ontology_term_id IS NOT NULL)
        AND (fact <> 'origin_tissue' OR term_id NOT IN (SELECT term_tissue.term_id FROM term_tissue)))
)
ORDER BY line;
