-- control_fact: one row per sample of a series that has both: the controls, and the others of the same field. A series
-- that states no contrast has no controls.
CREATE OR REPLACE TEMP TABLE control_fact AS
WITH control AS (
    SELECT sample_id, arg_max(
        {'field': field, 'matched_text': matched_text, 'rule': rule, 'weight': weight}, rank
    ) AS said
    FROM fact_proposal WHERE fact = 'is_control' GROUP BY sample_id
),
other AS (
    SELECT sample_id, arg_max(
        {'field': field, 'matched_text': matched_text, 'rule': rule, 'weight': weight}, rank
    ) AS said
    FROM fact_proposal WHERE fact IN ('treatment', 'disease') AND coalesce(ontology_term_id, '') <> 'PATO:0000461'
    GROUP BY sample_id
),
judged AS (
    SELECT
        sample.sample_id, sample.series_id, control.sample_id IS NOT NULL AS is_control,
        coalesce(control.said, other.said) AS said
    FROM sample LEFT JOIN control USING (sample_id) LEFT JOIN other USING (sample_id)
),
contrast AS (
    SELECT series_id, said.field AS field FROM judged
    WHERE said IS NOT NULL AND series_id <> ''
    GROUP BY series_id, said.field HAVING bool_or(is_control) AND NOT bool_and(is_control)
)
SELECT
    sample_id, 'is_control' AS fact, if(is_control, 'true', 'false') AS value, NULL AS ontology_term_id, NULL AS unit,
    said.field AS field, said.matched_text AS matched_text, said.rule AS rule, said.weight AS weight
FROM judged JOIN contrast ON judged.series_id = contrast.series_id AND judged.said.field = contrast.field;
