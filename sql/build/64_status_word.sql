-- status_word: one row per sample, field and what its words say together about tumour or normal. A disease makes the
-- specimen a tumour where its organ is the one sampled, or where nothing speaks against it: blood, saliva or
-- fibroblasts of a patient are none, and what a key or a description says of the person needs the same organ and
-- yields to what is said of the specimen.
CREATE OR REPLACE TEMP TABLE status_word AS
WITH said AS (
    SELECT
        rank, text_id, sample_id, value, field, weight, is_about_person,
        field IN ('disease', 'description') OR is_about_person AS is_about_person_only,
        term_tissue.tissue AS disease_tissue,
        coalesce(term_tissue.tissue IN (SELECT word FROM vocabulary WHERE list = 'blood_tumour_tissue'), FALSE)
            AS is_blood_disease
    FROM fact_evidence LEFT JOIN term_tissue ON fact_evidence.ontology_term_id = term_tissue.term_id
    WHERE fact = 'tissue_status'
),
spoken AS (
    SELECT spoken_text.sample_number, said.* EXCLUDE (sample_id) FROM said JOIN spoken_text USING (text_id)
    UNION ALL BY NAME
    SELECT sample.rowid AS sample_number, said.* EXCLUDE (sample_id) FROM said JOIN sample USING (sample_id)
),
sampled AS (
    SELECT
        sample.rowid AS sample_number, tissue,
        coalesce(tissue IN (SELECT word FROM vocabulary WHERE list = 'not_tumour_tissue'), FALSE)
            AS is_no_tumour_tissue,
        coalesce(tissue IN (SELECT word FROM vocabulary WHERE list = 'blood_tumour_tissue'), FALSE) AS is_blood
    FROM label JOIN sample USING (sample_id)
)
SELECT
    sample_number, text_id, is_about_person_only,
    max(weight) - if(is_about_person_only AND max(weight) < 1, 0.5, 0) AS weight,
    bool_or(value = 'adjacent normal') AS is_adjacent, bool_or(value = 'normal') AS is_normal,
    bool_or(value = 'tumour') AS is_tumour,
    coalesce(
        max(rank) FILTER (value = 'adjacent normal'), max(rank) FILTER (value = 'normal'), max(rank)
    ) AS rank
FROM spoken JOIN sampled USING (sample_number)
WHERE CASE
    WHEN value <> 'tumour' OR weight > 1 THEN TRUE
    WHEN disease_tissue = tissue OR (is_blood_disease AND is_blood) THEN TRUE
    WHEN is_no_tumour_tissue THEN FALSE
    WHEN is_about_person_only THEN disease_tissue IS NULL AND field = 'disease' AND NOT is_about_person
    ELSE TRUE
END
GROUP BY sample_number, text_id, is_about_person_only;
