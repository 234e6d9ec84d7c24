-- fact: one row per sample and fact that its text, its source or a person states, with the words. An age gives the stage
-- of life where the words do not say that it is before birth; cells taken from a metastasis have the origin of their
-- label.
CREATE OR REPLACE TABLE fact AS
WITH aged AS (
    SELECT *, CASE
        WHEN unit = 'week of gestation' THEN if(value::DOUBLE < 10, 'embryonic stage', 'fetal stage')
        WHEN unit = 'year' AND value::DOUBLE >= 1 THEN floor(value::DOUBLE)::INTEGER || '-year-old stage'
        WHEN unit = 'month' AND value::DOUBLE >= 24 THEN floor(value::DOUBLE / 12)::INTEGER || '-year-old stage'
        WHEN unit = 'month' AND value::DOUBLE >= 1 THEN floor(value::DOUBLE)::INTEGER || '-month-old stage'
        WHEN unit = 'day' AND value::DOUBLE <= 28 THEN 'newborn stage (0-28 days)'
    END AS stage
    FROM stated_fact WHERE fact = 'age'
),
staged AS (
    SELECT aged.* REPLACE ('development_stage' AS fact, stage AS value, term_id AS ontology_term_id, NULL AS unit)
    FROM aged JOIN development_stage ON aged.stage = development_stage.name AND synonym = name
    WHERE sample_id NOT IN (
        SELECT stated_fact.sample_id FROM stated_fact
        WHERE fact = 'development_stage' AND value IN ('fetal stage', 'embryonic stage')
    )
),
stated AS (
    SELECT * FROM stated_fact WHERE fact <> 'development_stage' AND (fact <> 'age' OR value::DOUBLE <= 120)
    UNION ALL BY NAME
    SELECT * EXCLUDE (stage) FROM staged
    UNION ALL BY NAME
    SELECT * FROM stated_fact
    WHERE fact = 'development_stage' AND sample_id NOT IN (SELECT staged.sample_id FROM staged)
    UNION ALL BY NAME FROM status_fact
    UNION ALL BY NAME FROM control_fact
    UNION ALL BY NAME
    SELECT sample_id, 'origin_tissue' AS fact, origin_tissue AS value, NULL AS ontology_term_id, 'label' AS field
    FROM label WHERE origin_tissue IS NOT NULL
)
SELECT
    sample_id, fact, value, ontology_term_id, unit, field, matched_text, rule,
    CASE WHEN weight >= 2 THEN 'override' WHEN weight > 1 THEN 'declared' ELSE field END AS decided_by
FROM stated;
