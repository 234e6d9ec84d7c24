-- declared_evidence: one row per sample and term, or cell line, that its source's own columns name; it decides before
-- every text.
CREATE OR REPLACE TEMP TABLE declared_evidence AS
SELECT
    md5(sample_id || ' declared ' || declared_term_id)[:16] AS evidence_id, sample_id, declared_field AS field,
    'map' AS verdict, 'declared' AS kind, 'sample' AS role, declared_text AS synonym, 'DECLARED' AS scope,
    declared_term_id AS term_id, term_tissue.tissue, declared_text AS matched_text, 0 AS position, 0 AS n_tokens,
    1.5 AS weight
FROM sample LEFT JOIN term_tissue ON sample.declared_term_id = term_tissue.term_id
WHERE declared_term_id IS NOT NULL
UNION ALL BY NAME
SELECT
    md5(sample_id || ' declared line')[:16] AS evidence_id, sample_id, coalesce(declared_field, 'source') AS field,
    'cell_line' AS verdict, 'declared' AS kind, 'cell_line' AS role, coalesce(title, declared_text) AS synonym,
    'DECLARED' AS scope, NULL AS term_id, NULL AS tissue, coalesce(title, declared_text) AS matched_text,
    0 AS position, 0 AS n_tokens, 1.5 AS weight
FROM sample WHERE is_cell_line_declared;
