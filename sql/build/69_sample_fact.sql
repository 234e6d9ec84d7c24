-- sample_fact: one row per sample with a column for each fact, empty where it is not stated; is_tumour follows from the
-- status of the tissue. `fact_words` quotes all of them.
CREATE OR REPLACE TABLE sample_fact AS
WITH stated AS (
    SELECT
        sample_id,
        max(value) FILTER (fact = 'disease') AS disease,
        max(ontology_term_id) FILTER (fact = 'disease') AS disease_ontology_term_id,
        max(value) FILTER (fact = 'tissue_status') AS tissue_status,
        max(value) FILTER (fact = 'sex') AS sex,
        max(ontology_term_id) FILTER (fact = 'sex') AS sex_ontology_term_id,
        max(value) FILTER (fact = 'age')::FLOAT AS age,
        max(unit) FILTER (fact = 'age') AS age_unit,
        max(value) FILTER (fact = 'development_stage') AS development_stage,
        max(ontology_term_id) FILTER (fact = 'development_stage') AS development_stage_ontology_term_id,
        max(value) FILTER (fact = 'treatment') AS treatment,
        max(value) FILTER (fact = 'is_control')::BOOLEAN AS is_control,
        max(value) FILTER (fact = 'is_xenograft')::BOOLEAN AS is_xenograft,
        max(value) FILTER (fact = 'is_organoid')::BOOLEAN AS is_organoid,
        max(value) FILTER (fact = 'donor_id') AS donor_id,
        max(value) FILTER (fact = 'origin_tissue') AS origin_tissue,
        string_agg(concat(fact, ': ', decided_by, ' "', matched_text, '"'), '; ' ORDER BY fact) AS fact_words
    FROM fact GROUP BY sample_id
)
SELECT sample.sample_id, stated.* EXCLUDE (sample_id), tissue_status = 'tumour' AS is_tumour
FROM sample LEFT JOIN stated USING (sample_id);
