-- candidate_label: one row per sample and tissue that any evidence proposes, with the best of it and the number of
-- fields that agree. The tissue is empty where an override takes the label away.
CREATE OR REPLACE TABLE candidate_label AS
SELECT
    sample_id, tissue, max(weight) AS weight, count(DISTINCT field) AS n_fields,
    arg_max(evidence_id, (weight, n_tokens, evidence_id)) AS evidence_id
FROM proposal
WHERE tissue IS NOT NULL OR kind = 'override'
GROUP BY sample_id, tissue;
