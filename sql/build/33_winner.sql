-- winner: one row per sample that any evidence speaks about. Order of evidence: override, what the source declares, then weight (field and kind), then
-- the number of fields that agree. Two tissues within $reach of each other, with no more fields on the winner's side, are ambiguous.
CREATE OR REPLACE TABLE winner AS
WITH ranked AS (
    SELECT
        *, lead(tissue) OVER best AS runner_up, weight - lead(weight) OVER best AS margin,
        coalesce(weight - lead(weight) OVER best < $reach AND n_fields <= lead(n_fields) OVER best, false) AS is_ambiguous
    FROM candidate_label
    WINDOW best AS (PARTITION BY sample_id ORDER BY weight DESC, n_fields DESC, tissue ASC)
    QUALIFY row_number() OVER best = 1
)
SELECT ranked.*, evidence.term_id, evidence.kind
FROM ranked JOIN evidence USING (evidence_id);
