-- candidate_label: one row per sample and tissue that any evidence proposes, with the best of it and the number of
-- fields that agree. The tissue is empty where an override takes the label away. Weight (to the last bit, from a half
-- on), length and id stand in one number: its maximum takes half the time of the maximum of three columns.
CREATE OR REPLACE TABLE candidate_label AS
WITH field_number AS (
    SELECT field, 1::BIGINT << (row_number() OVER (ORDER BY field) - 1) AS field_bit
    FROM (SELECT DISTINCT field FROM proposal)
),
strong AS (
    SELECT
        sample_id, tissue, max(weight) AS weight, bit_count(bit_or(field_bit)) AS n_fields,
        max(
            ((greatest(weight, 0) * (1::BIGINT << 53))::BIGINT::UHUGEINT << 72)
            + (least(n_tokens, 255)::UHUGEINT << 64) + ('0x' || evidence_id)::UBIGINT
        ) AS strength
    FROM proposal JOIN field_number USING (field)
    WHERE tissue IS NOT NULL OR kind = 'override'
    GROUP BY sample_id, tissue
)
SELECT
    sample_id, tissue, weight, n_fields,
    format('{:016x}', (strength & 18446744073709551615::UHUGEINT)::UBIGINT) AS evidence_id
FROM strong;
