-- fact: one row per sample and fact that its text, its source or a person states, with the words. An age gives the
-- stage of life where the words do not say that it is before birth; days and weeks of a culture or of an unborn child
-- are no age. The tissue of origin is the label's, with its words, unless a person decided it.
CREATE OR REPLACE TABLE fact AS
WITH worded AS (
    SELECT sample_number, e.* EXCLUDE (sample_id) FROM stated_fact JOIN fact_evidence AS e USING (fact, rank)
),
unborn AS (
    SELECT sample_number FROM worded WHERE fact = 'development_stage' AND value IN ('fetal stage', 'embryonic stage')
),
aged AS (
    SELECT *, CASE
        WHEN unit = 'week of gestation' THEN if(value::DOUBLE < 10, 'embryonic stage', 'fetal stage')
        WHEN unit = 'year' AND value::DOUBLE >= 1 THEN floor(value::DOUBLE)::INTEGER || '-year-old stage'
        WHEN unit = 'month' AND value::DOUBLE >= 24 THEN floor(value::DOUBLE / 12)::INTEGER || '-year-old stage'
        WHEN unit = 'month' AND value::DOUBLE >= 1 THEN floor(value::DOUBLE)::INTEGER || '-month-old stage'
        WHEN unit = 'day' AND value::DOUBLE <= 28 THEN 'newborn stage (0-28 days)'
    END AS stage
    FROM worded
    WHERE fact = 'age' AND try_cast(value AS DOUBLE) <= if(unit = 'year', 120, 2000)
        AND (unit NOT IN ('day', 'week') OR sample_number NOT IN (
            SELECT stated_fact.sample_number FROM stated_fact WHERE fact = 'is_organoid'
            UNION ALL
            SELECT sample_number FROM unborn
            UNION ALL
            SELECT sample.rowid FROM label JOIN sample USING (sample_id) WHERE is_cell_line OR tissue = 'stem_cell'
        ))
),
staged AS (
    SELECT aged.* REPLACE ('development_stage' AS fact, stage AS value, term_id AS ontology_term_id, NULL AS unit)
    FROM aged JOIN development_stage ON aged.stage = development_stage.name AND synonym = name
    WHERE sample_number NOT IN (FROM unborn)
),
stated AS (
    SELECT * FROM worded
    WHERE fact <> 'age'
        AND (fact <> 'development_stage' OR sample_number NOT IN (SELECT staged.sample_number FROM staged))
    UNION ALL BY NAME
    SELECT * EXCLUDE (stage) FROM aged
    UNION ALL BY NAME
    SELECT * EXCLUDE (stage) FROM staged
    UNION ALL BY NAME
    SELECT sample_number, e.* EXCLUDE (sample_id) REPLACE (status_fact.value AS value, NULL AS ontology_term_id)
    FROM status_fact JOIN fact_evidence AS e USING (fact, rank)
    UNION ALL BY NAME
    SELECT c.sample_number, e.* EXCLUDE (sample_id)
        REPLACE ('is_control' AS fact, c.value AS value, NULL AS ontology_term_id, NULL AS unit)
    FROM control_fact AS c JOIN fact_evidence AS e ON c.told_by = e.fact AND c.rank = e.rank
    UNION ALL BY NAME
    SELECT
        sample.rowid AS sample_number, 'origin_tissue' AS fact, origin_tissue AS value,
        origin_term_id AS ontology_term_id, evidence.field, evidence.matched_text, coalesce(rule_id, synonym) AS rule
    FROM label JOIN sample USING (sample_id) JOIN evidence ON label.origin_evidence_id = evidence.evidence_id
    WHERE origin_tissue IS NOT NULL
        AND sample.rowid NOT IN (SELECT worded.sample_number FROM worded WHERE fact = 'origin_tissue')
)
SELECT
    sample.sample_id, fact, value, ontology_term_id, stated.unit, field, matched_text, rule,
    CASE WHEN weight >= 2 THEN 'override' WHEN weight > 1 THEN 'declared' ELSE field END AS decided_by
FROM stated JOIN sample ON stated.sample_number = sample.rowid;
