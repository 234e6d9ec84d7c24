-- override_evidence: one row per sample and decision of a person that holds for it.
CREATE OR REPLACE TEMP TABLE override_evidence AS
SELECT
    md5(sample_id || ' override ' || override_id)[:16] AS evidence_id, sample_id, 'override' AS field, 0 AS position,
    0 AS n_tokens, 'map' AS verdict, 'override' AS kind, 'sample' AS role, override_id AS rule_id, reason AS synonym,
    'OVERRIDE' AS scope, override_hit.term_id, term_tissue.tissue, target AS matched_text, 2.0 AS weight
FROM override_hit LEFT JOIN term_tissue ON override_hit.term_id = term_tissue.term_id
WHERE is_effective AND fact IS NULL;
