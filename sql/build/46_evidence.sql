-- evidence: one row per proposal about a text or a sample: what texts say, what the source declares, what a person
-- decided. evidence_number is the id as a number, in the same order.
CREATE OR REPLACE TABLE evidence AS
WITH overridden AS (
    SELECT
        md5(sample_id || ' override ' || override_id)[:16] AS evidence_id, sample_id, 'override' AS field,
        0 AS position, 0 AS n_tokens, 'map' AS verdict, 'override' AS kind, 'sample' AS role, override_id AS rule_id,
        reason AS synonym, 'OVERRIDE' AS scope, override_hit.term_id, term_tissue.tissue, target AS matched_text,
        2.0 AS weight
    FROM override_hit LEFT JOIN term_tissue ON override_hit.term_id = term_tissue.term_id
    WHERE is_effective AND fact IS NULL
),
proposal AS (
    FROM text_evidence
    UNION ALL BY NAME
    FROM declared_evidence
    UNION ALL BY NAME
    FROM overridden
)
SELECT *, ('0x' || evidence_id)::UBIGINT AS evidence_number FROM proposal;
