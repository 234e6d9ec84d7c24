-- stated_fact: one row per sample and other fact: the statement of the most trusted field. A disease that another field
-- names more exactly is that one ("cancer" under a key, "lung adenocarcinoma" in the title). Two statements of the same
-- trust that contradict each other state nothing.
CREATE OR REPLACE TEMP TABLE stated_fact AS
WITH best AS (
    SELECT * FROM fact_proposal
    WHERE fact NOT IN ('tissue_status', 'is_control')
    QUALIFY weight = max(weight) OVER (PARTITION BY sample_id, fact)
),
candidate AS (
    FROM best
    UNION ALL BY NAME
    SELECT finer.*
    FROM best
    JOIN disease_above ON best.ontology_term_id = disease_above.above_id
    JOIN fact_proposal AS finer
        ON best.sample_id = finer.sample_id AND best.fact = finer.fact
            AND disease_above.term_id = finer.ontology_term_id
    WHERE best.fact = 'disease'
),
finest AS (
    SELECT * FROM candidate
    WHERE fact <> 'disease' OR NOT EXISTS (
        SELECT 1 FROM candidate AS finer JOIN disease_above ON finer.ontology_term_id = disease_above.term_id
        WHERE finer.sample_id = candidate.sample_id AND finer.fact = 'disease'
            AND disease_above.above_id = candidate.ontology_term_id
    )
    QUALIFY weight = max(weight) OVER (PARTITION BY sample_id, fact)
)
SELECT
    sample_id, fact, arg_max(value, rank) AS value, arg_max(ontology_term_id, rank) AS ontology_term_id,
    arg_max(unit, rank) AS unit, arg_max(field, rank) AS field, arg_max(matched_text, rank) AS matched_text,
    arg_max(rule, rank) AS rule, max(weight) AS weight
FROM finest
GROUP BY sample_id, fact
HAVING count(DISTINCT coalesce(ontology_term_id, value)) = 1 OR fact = 'treatment';
