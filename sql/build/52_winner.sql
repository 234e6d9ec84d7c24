-- winner: one row per sample that any evidence speaks about, with the best of it. Order: override, what the source
-- declares, then weight (field and kind), then the number of fields that agree. Two tissues within $reach of each other,
-- with no more fields on the winner's side, are ambiguous, unless one yields to the other (yields.tsv).
CREATE OR REPLACE TEMP TABLE winner AS
WITH ranked AS (
    SELECT
        *, lead(tissue) OVER best AS runner_up, weight - lead(weight) OVER best AS margin,
        lead(evidence_id) OVER best AS other_id,
        coalesce(
            weight - lead(weight) OVER best < $reach AND n_fields <= lead(n_fields) OVER best, false
        ) AS is_close
    FROM candidate_label
    WINDOW best AS (PARTITION BY sample_id ORDER BY weight DESC, n_fields DESC, tissue ASC)
    QUALIFY row_number() OVER best = 1
),
yielding AS (
    SELECT
        ranked.*,
        coalesce(is_close AND EXISTS (
            FROM tissue_yield AS y
            WHERE y.tissue = ranked.tissue AND coalesce(y.beside, ranked.runner_up) = ranked.runner_up
        ), false) AS yields,
        coalesce(is_close AND EXISTS (
            FROM tissue_yield AS y
            WHERE y.tissue = ranked.runner_up AND coalesce(y.beside, ranked.tissue) = ranked.tissue
        ), false) AS is_yielded_to
    FROM ranked
)
SELECT
    yielding.sample_id, CASE WHEN yields THEN runner_up ELSE yielding.tissue END AS tissue,
    evidence.evidence_id, evidence.term_id, evidence.kind, CASE WHEN yields THEN yielding.tissue ELSE runner_up END AS runner_up,
    yielding.weight, margin, is_close AND NOT yields AND NOT is_yielded_to AS is_ambiguous
FROM yielding JOIN evidence ON evidence.evidence_id = CASE WHEN yields THEN other_id ELSE yielding.evidence_id END;
