-- control_fact: one row per sample of a series that has both: the controls, and the others of the same field. A series
-- that states no contrast has no controls.
CREATE OR REPLACE TEMP TABLE control_fact AS
WITH said AS (
    SELECT
        sample_number, max(fact_proposal.rank) FILTER (fact = 'is_control') AS control_rank,
        max(fact_proposal.rank) FILTER (fact = 'treatment') AS treatment_rank,
        max(fact_proposal.rank) FILTER (fact = 'disease' AND meaning <> hash('PATO:0000461')) AS disease_rank
    FROM fact_proposal WHERE fact IN ('is_control', 'treatment', 'disease') GROUP BY sample_number
),
judged AS (
    SELECT
        sample_number, control_rank IS NOT NULL AS is_control, CASE
            WHEN control_rank IS NOT NULL THEN 'is_control'
            WHEN treatment_rank IS NOT NULL THEN 'treatment'
            ELSE 'disease'
        END AS told_by, coalesce(control_rank, treatment_rank, disease_rank) AS rank
    FROM said
),
fielded AS (
    SELECT judged.*, sample.series_id, fact_evidence.field
    FROM judged JOIN sample ON judged.sample_number = sample.rowid
    JOIN fact_evidence ON judged.told_by = fact_evidence.fact AND judged.rank = fact_evidence.rank
    WHERE sample.series_id <> ''
),
contrast AS (
    SELECT series_id, field FROM fielded
    GROUP BY series_id, field HAVING bool_or(is_control) AND NOT bool_and(is_control)
)
SELECT sample_number, told_by, rank, if(is_control, 'true', 'false') AS value
FROM fielded JOIN contrast USING (series_id, field);
