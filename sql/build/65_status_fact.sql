-- status_fact: one row per sample whose words say tumour, adjacent normal or normal: the most trusted field decides, and
-- normal tissue of a person whose tumour is named elsewhere is adjacent normal. Two texts of the field that contradict
-- each other say nothing.
CREATE OR REPLACE TEMP TABLE status_fact AS
WITH best AS (
    SELECT
        *, max(weight) OVER sample AS best_weight,
        bool_or(is_tumour OR is_adjacent) OVER sample AS has_tumour
    FROM status_word
    WINDOW sample AS (PARTITION BY sample_id)
),
decided AS (
    SELECT *, CASE
        WHEN is_adjacent THEN 'adjacent normal'
        WHEN is_normal AND has_tumour AND weight < 1.4 THEN 'adjacent normal'
        WHEN is_normal THEN 'normal'
        ELSE 'tumour'
    END AS value
    FROM best WHERE weight = best_weight
)
SELECT
    sample_id, 'tissue_status' AS fact, min(value) AS value, NULL AS ontology_term_id, NULL AS unit,
    min(field) AS field, arg_min(said, (said.matched_text, said.rule)).matched_text AS matched_text,
    arg_min(said, (said.matched_text, said.rule)).rule AS rule, max(weight) AS weight
FROM decided
GROUP BY sample_id
HAVING count(DISTINCT value) = 1;
