-- told_fact: one row per sample and fact that its source declares, or that a person decided.
CREATE OR REPLACE TEMP TABLE told_fact AS
SELECT
    sample_id, 'tissue_status' AS fact, if(is_tumour, 'tumour', 'normal') AS value, NULL::VARCHAR AS ontology_term_id,
    NULL::VARCHAR AS unit, 'is_tumour' AS rule, 'source' AS field, value AS matched_text, 1.4 AS weight
FROM sample WHERE is_tumour IS NOT NULL
UNION ALL BY NAME
SELECT
    sample_id, 'donor_id' AS fact, donor_id AS value, NULL::VARCHAR AS ontology_term_id,
    NULL::VARCHAR AS unit, 'donor_id' AS rule, 'source' AS field, donor_id AS matched_text, 1.4 AS weight
FROM sample WHERE donor_id <> ''
UNION ALL BY NAME
SELECT
    sample_id, fact, CASE
        WHEN fact = 'age' THEN split_part(override_hit.value, ' ', 1)
        ELSE coalesce(override_hit.value, disease_name.name, development_stage.name, term_tissue.tissue)
    END AS value,
    coalesce(override_hit.term_id, CASE override_hit.value
        WHEN 'female' THEN 'PATO:0000383'
        WHEN 'male' THEN 'PATO:0000384'
    END) AS ontology_term_id,
    CASE WHEN fact = 'age' THEN coalesce(nullif(regexp_extract(override_hit.value, ' (.+)', 1), ''), 'year') END
        AS unit,
    override_id AS rule, 'override' AS field, target AS matched_text, 2.0 AS weight
FROM override_hit
LEFT JOIN term_tissue ON fact = 'origin_tissue' AND override_hit.term_id = term_tissue.term_id
LEFT JOIN disease_name ON override_hit.term_id = disease_name.term_id AND disease_name.synonym = disease_name.name
LEFT JOIN development_stage
    ON override_hit.term_id = development_stage.term_id AND development_stage.synonym = development_stage.name
WHERE is_effective AND fact IS NOT NULL;
