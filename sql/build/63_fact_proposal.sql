-- fact_proposal: one row per sample and statement about it, from its texts, what its source declares and its overrides.
CREATE OR REPLACE TABLE fact_proposal AS
SELECT sample_text.sample_id, fact_evidence.* EXCLUDE (text_id), fact_evidence.text_id
FROM fact_evidence JOIN sample_text USING (text_id)
UNION ALL BY NAME
SELECT
    sample_id, 'tissue_status' AS fact, if(is_tumour, 'tumour', 'normal') AS value, 'is_tumour' AS rule,
    'source' AS field, if(is_tumour, 'tumour', 'normal') AS matched_text, 1.4 AS weight, 0 AS position,
    1 AS n_tokens, FALSE AS is_about_person
FROM sample WHERE is_tumour IS NOT NULL
UNION ALL BY NAME
SELECT
    sample_id, 'donor_id' AS fact, donor_id AS value, 'donor_id' AS rule, 'source' AS field,
    donor_id AS matched_text, 1.4 AS weight, 0 AS position, 1 AS n_tokens, FALSE AS is_about_person
FROM sample WHERE donor_id <> '';
