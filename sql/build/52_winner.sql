-- winner: one row per sample that any evidence speaks about, with the best of it. Order: override, what the source
-- declares, then weight (field and kind), then the number of fields that agree. Two tissues within $reach of each
-- other, with no more fields on the winner's side, are ambiguous, unless one yields to the other (yields.tsv).
CREATE OR REPLACE TEMP TABLE winner AS
WITH ranked AS (
    SELECT
        *, lead(tissue) OVER best AS runner_up, weight - lead(weight) OVER best AS margin,
        lead(evidence_number) OVER best AS other_id,
        coalesce(
            weight - lead(weight) OVER best < $reach AND n_fields <= lead(n_fields) OVER best, false
        ) AS is_close
    FROM candidate_label
    WINDOW best AS (PARTITION BY sample_number ORDER BY weight DESC, n_fields DESC, tissue ASC)
    QUALIFY row_number() OVER best = 1
),
yields AS (
    SELECT tissue_yield.tissue, other.tissue AS beside
    FROM tissue_yield JOIN (SELECT DISTINCT tissue FROM tissue) AS other
        ON coalesce(tissue_yield.beside, other.tissue) = other.tissue
),
settled AS (
    SELECT
        *, is_close AND coalesce((tissue, runner_up) IN (FROM yields), false) AS is_yielding,
        is_close AND coalesce((runner_up, tissue) IN (FROM yields), false) AS is_yielded_to
    FROM ranked
)
SELECT
    settled.sample_number, if(is_yielding, runner_up, settled.tissue) AS tissue, evidence.evidence_number,
    evidence.term_id, evidence.kind, if(is_yielding, settled.tissue, runner_up) AS runner_up, margin,
    is_close AND NOT is_yielding AND NOT is_yielded_to AS is_ambiguous
FROM settled JOIN evidence ON if(is_yielding, other_id, settled.evidence_number) = evidence.evidence_number;
