-- sample_fact: one row per sample of which any fact is stated, a column for each.
CREATE OR REPLACE TABLE sample_fact AS
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
    max(value) FILTER (fact = 'origin_tissue') AS origin_tissue
FROM fact
GROUP BY sample_id;
