-- status_word: one row per sample, field and what its words say together about tumour or normal. A disease makes the
-- specimen a tumour where its organ is the one sampled, or where nothing speaks against it: blood, saliva or fibroblasts
-- of a patient are none, and what a key or a description says of the person needs the same organ and
-- yields to what is said of the specimen.
CREATE OR REPLACE TEMP TABLE status_word AS
WITH word AS (
    SELECT
        proposal.*, proposal.field IN ('disease', 'description') OR is_about_person AS is_about_person_only,
        coalesce(label.tissue IN (SELECT vocabulary.word FROM vocabulary WHERE list = 'not_tumour_tissue'), FALSE)
            AS is_no_tumour_tissue,
        coalesce(label.tissue IN (SELECT vocabulary.word FROM vocabulary WHERE list = 'blood_tumour_tissue'), FALSE)
            AS is_blood,
        term_tissue.tissue AS disease_tissue, label.tissue
    FROM fact_proposal AS proposal JOIN label USING (sample_id)
    LEFT JOIN term_tissue ON proposal.ontology_term_id = term_tissue.term_id
    WHERE fact = 'tissue_status'
),
believed AS (
    SELECT * FROM word
    WHERE CASE
        WHEN value <> 'tumour' OR weight > 1 THEN TRUE
        WHEN disease_tissue = tissue THEN TRUE
        WHEN disease_tissue IN (SELECT vocabulary.word FROM vocabulary WHERE list = 'blood_tumour_tissue')
            AND is_blood THEN TRUE
        WHEN is_no_tumour_tissue THEN FALSE
        WHEN is_about_person_only THEN disease_tissue IS NULL AND field = 'disease' AND NOT is_about_person
        ELSE TRUE
    END
)
SELECT
    sample_id, text_id, field, is_about_person_only,
    max(weight) - if(is_about_person_only AND max(weight) < 1, 0.5, 0) AS weight,
    bool_or(value = 'adjacent normal') AS is_adjacent, bool_or(value = 'normal') AS is_normal,
    bool_or(value = 'tumour') AS is_tumour,
    arg_max(
        {'matched_text': matched_text, 'rule': rule},
        rank + CASE value WHEN 'adjacent normal' THEN 1::BIGINT << 52 WHEN 'normal' THEN 1::BIGINT << 51 ELSE 0 END
    ) AS said
FROM believed
GROUP BY sample_id, text_id, field, is_about_person_only;
