-- fact: one row per sample and fact that its text, its source or a person states, with the words. An age gives the
-- stage of life (age_stage) where the words do not say that it is before birth; days and weeks of a culture or of an
-- unborn child are no age. The tissue of origin is the label's, with its words, unless a person decided it. Which
-- statement says what is settled by numbers first; its words are fetched once, at the end.
CREATE OR REPLACE TABLE fact AS
WITH unborn AS (
    SELECT sample_number FROM stated_fact JOIN fact_evidence USING (fact, rank)
    WHERE fact = 'development_stage' AND value IN ('fetal stage', 'embryonic stage')
),
aged AS (
    SELECT sample_number, rank, stage FROM (FROM stated_fact WHERE fact = 'age') JOIN age_stage USING (rank)
    WHERE unit NOT IN ('day', 'week') OR sample_number NOT IN (
        SELECT stated_fact.sample_number FROM stated_fact WHERE fact = 'is_organoid'
        UNION ALL
        SELECT unborn.sample_number FROM unborn
        UNION ALL
        SELECT sample.rowid FROM label JOIN sample USING (sample_id) WHERE is_cell_line OR tissue = 'stem_cell'
    )
),
staged AS (
    SELECT sample_number, rank, stage, term_id
    FROM aged JOIN development_stage ON aged.stage = development_stage.name AND synonym = name
    WHERE sample_number NOT IN (FROM unborn)
),
told AS (  -- said_as: the fact that the words state
    SELECT sample_number, fact, fact AS said_as, rank, NULL AS value, NULL AS term_id FROM stated_fact
    WHERE fact NOT IN ('age', 'development_stage')
        OR (fact = 'development_stage' AND sample_number NOT IN (SELECT staged.sample_number FROM staged))
    UNION ALL
    SELECT sample_number, 'age', 'age', rank, NULL, NULL FROM aged
    UNION ALL
    SELECT sample_number, 'development_stage', 'age', rank, stage, term_id FROM staged
    UNION ALL
    SELECT sample_number, 'tissue_status', 'tissue_status', rank, value, NULL FROM status_fact
    UNION ALL
    SELECT sample_number, 'is_control', told_by, rank, value, NULL FROM control_fact
),
stated AS (
    SELECT
        sample_number, told.fact, coalesce(told.value, e.value) AS value,
        if(told.value IS NULL, e.ontology_term_id, told.term_id) AS ontology_term_id,
        if(told.value IS NULL OR told.fact = said_as, e.unit, NULL) AS unit, field, matched_text, rule, weight
    FROM told JOIN fact_evidence AS e ON told.said_as = e.fact AND told.rank = e.rank
)
SELECT
    sample.sample_id, fact, value, ontology_term_id, stated.unit, field, matched_text, rule,
    CASE WHEN weight >= 2 THEN 'override' WHEN weight > 1 THEN 'declared' ELSE field END AS decided_by
FROM stated JOIN sample ON stated.sample_number = sample.rowid
UNION ALL
SELECT
    label.sample_id, 'origin_tissue', origin_tissue, origin_term_id, NULL, evidence.field, evidence.matched_text,
    coalesce(rule_id, synonym), evidence.field AS decided_by
FROM label JOIN sample USING (sample_id) JOIN evidence ON label.origin_evidence_id = evidence.evidence_id
WHERE origin_tissue IS NOT NULL
    AND sample.rowid NOT IN (SELECT stated_fact.sample_number FROM stated_fact WHERE fact = 'origin_tissue');
