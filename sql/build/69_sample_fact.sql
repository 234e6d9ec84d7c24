-- sample_fact: one row per sample with a column for each fact, empty where it is not stated; is_tumour follows from the
-- status of the tissue.
CREATE OR REPLACE TABLE sample_fact AS
WITH disease AS (SELECT sample_id, value, ontology_term_id FROM fact WHERE fact = 'disease'),
tissue_status AS (SELECT sample_id, value FROM fact WHERE fact = 'tissue_status'),
sex AS (SELECT sample_id, value, ontology_term_id FROM fact WHERE fact = 'sex'),
age AS (SELECT sample_id, value::FLOAT AS value, unit FROM fact WHERE fact = 'age'),
stage AS (SELECT sample_id, value, ontology_term_id FROM fact WHERE fact = 'development_stage'),
treatment AS (SELECT sample_id, value FROM fact WHERE fact = 'treatment'),
control AS (SELECT sample_id, value::BOOLEAN AS value FROM fact WHERE fact = 'is_control'),
xenograft AS (SELECT sample_id, value::BOOLEAN AS value FROM fact WHERE fact = 'is_xenograft'),
organoid AS (SELECT sample_id, value::BOOLEAN AS value FROM fact WHERE fact = 'is_organoid'),
donor AS (SELECT sample_id, value FROM fact WHERE fact = 'donor_id'),
origin AS (SELECT sample_id, value, ontology_term_id FROM fact WHERE fact = 'origin_tissue')
SELECT
    sample.sample_id, disease.value AS disease, disease.ontology_term_id AS disease_ontology_term_id,
    tissue_status.value AS tissue_status, sex.value AS sex, sex.ontology_term_id AS sex_ontology_term_id,
    age.value AS age, age.unit AS age_unit, stage.value AS development_stage,
    stage.ontology_term_id AS development_stage_ontology_term_id, treatment.value AS treatment,
    control.value AS is_control, xenograft.value AS is_xenograft, organoid.value AS is_organoid,
    donor.value AS donor_id, origin.value AS origin_tissue, origin.ontology_term_id AS origin_term_id,
    tissue_status.value = 'tumour' AS is_tumour
FROM sample
LEFT JOIN disease USING (sample_id)
LEFT JOIN tissue_status USING (sample_id)
LEFT JOIN sex USING (sample_id)
LEFT JOIN age USING (sample_id)
LEFT JOIN stage USING (sample_id)
LEFT JOIN treatment USING (sample_id)
LEFT JOIN control USING (sample_id)
LEFT JOIN xenograft USING (sample_id)
LEFT JOIN organoid USING (sample_id)
LEFT JOIN donor USING (sample_id)
LEFT JOIN origin USING (sample_id);
