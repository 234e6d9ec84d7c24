-- cell_line_sample: one row per sample that is a cell line, with the best evidence. An override or the source may say
-- that it is none.
CREATE OR REPLACE TABLE cell_line_sample AS
WITH line AS (
    SELECT
        proposal.sample_id,
        arg_max(evidence.evidence_id, (proposal.weight, evidence.n_tokens, evidence.evidence_id)) AS evidence_id
    FROM proposal JOIN evidence USING (evidence_id)
    WHERE proposal.verdict = 'cell_line' AND proposal.kind <> 'pluripotent'
    GROUP BY proposal.sample_id
),
denied AS (
    SELECT sample_id FROM sample WHERE is_cell_line_declared = false
    UNION
    SELECT sample_id FROM override_hit WHERE is_effective AND is_cell_line = false
)
SELECT line.sample_id, line.evidence_id AS cell_line_evidence_id, evidence.matched_text AS cell_line
FROM line JOIN evidence ON line.evidence_id = evidence.evidence_id
WHERE line.sample_id NOT IN (FROM denied);
