-- candidate_label: one row per sample and tissue that any evidence proposes, with the best of it and the number of
-- fields that agree. The tissue is empty where an override takes the label away. Weight (to the last bit, from a half
-- on), length and id stand in one number: its maximum takes half the time of the maximum of three columns.
CREATE OR REPLACE TABLE candidate_label AS
WITH field_number AS (
    SELECT field, 1::BIGINT << (row_number() OVER (ORDER BY field) - 1) AS field_bit
    FROM (SELECT DISTINCT field FROM proposed)
),
strong AS (
    SELECT
        sample_number, tissue, max(weight) AS weight, bit_count(bit_or(field_bit)) AS n_fields,
        max(strength(weight, n_tokens, evidence_number)) AS strength
    FROM proposed JOIN field_number USING (field)
    WHERE tissue IS NOT NULL OR kind = 'override'
    GROUP BY sample_number, tissue
)
SELECT sample_number, tissue, weight, n_fields, evidence_of(strength) AS evidence_number FROM strong;
