-- sample_fact: one row per sample with a column for each fact, empty where it is not stated; is_tumour follows from the
-- status of the tissue.
CREATE OR REPLACE TABLE sample_fact AS
WITH stated AS (
    SELECT
        sample_id,
        any_value(value) FILTER (fact = 'disease') AS disease,
        any_value(ontology_term_id) FILTER (fact = 'disease') AS disease_ontology_term_id,
        any_value(value) FILTER (fact = 'tissue_status') AS tissue_status,
        any_value(value) FILTER (fact = 'sex') AS sex,
        any_value(ontology_term_id) FILTER (fact = 'sex') AS sex_ontology_term_id,
        any_value(value) FILTER (fact = 'age')::FLOAT AS age,
        any_value(unit) FILTER (fact = 'age') AS age_unit,
        any_value(value) FILTER (fact = 'development_stage') AS development_stage,
        any_value(ontology_term_id) FILTER (fact = 'development_stage') AS development_stage_ontology_term_id,
        any_value(value) FILTER (fact = 'treatment') AS treatment,
        any_value(value) FILTER (fact = 'is_control')::BOOLEAN AS is_control,
        any_value(value) FILTER (fact = 'is_xenograft')::BOOLEAN AS is_xenograft,
        any_value(value) FILTER (fact = 'is_organoid')::BOOLEAN AS is_organoid,
        any_value(value) FILTER (fact = 'donor_id') AS donor_id,
        any_value(value) FILTER (fact = 'origin_tissue') AS origin_tissue,
        any_value(ontology_term_id) FILTER (fact = 'origin_tissue') AS origin_term_id
    FROM fact GROUP BY sample_id
)
SELECT sample.sample_id, stated.* EXCLUDE (sample_id), tissue_status = 'tumour' AS is_tumour
FROM sample LEFT JOIN stated USING (sample_id);
