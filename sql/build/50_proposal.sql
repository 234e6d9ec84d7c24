-- proposal: one row per sample and evidence that speaks about it, from its texts, its source and its overrides.
-- A text that names a mixture says nothing.
CREATE OR REPLACE TABLE proposal AS
WITH silenced AS (SELECT DISTINCT text_id FROM evidence WHERE verdict = 'block' AND scope = 'PATTERN')
SELECT
    sample_text.sample_id, evidence.evidence_id, evidence.verdict, evidence.kind, evidence.role, evidence.field,
    evidence.tissue, evidence.term_id, evidence.weight, evidence.n_tokens
FROM sample_text JOIN evidence ON sample_text.text_id = evidence.text_id
WHERE evidence.verdict <> 'block' AND evidence.text_id NOT IN (FROM silenced)
UNION ALL
SELECT sample_id, evidence_id, verdict, kind, role, field, tissue, term_id, weight, n_tokens
FROM evidence WHERE sample_id IS NOT NULL;
