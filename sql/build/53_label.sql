-- label: one row per sample. Order of evidence: override, what the source declares, weight (field and kind), fields
-- that agree. Two tissues within $reach of each other, with no more fields on the winner's side, are ambiguous: no
-- tissue, both named, for a person to decide. The origin is where tumour or cells came from: the disease of a
-- metastasis, X of "X-derived", or a key that says so.
CREATE OR REPLACE TABLE label AS
WITH ranked AS (
    SELECT
        *, lead(tissue) OVER best AS runner_up, weight - lead(weight) OVER best AS margin,
        coalesce(
            weight - lead(weight) OVER best < $reach AND n_fields <= lead(n_fields) OVER best, false
        ) AS is_ambiguous
    FROM candidate_label
    WINDOW best AS (PARTITION BY sample_id ORDER BY weight DESC, n_fields DESC, tissue ASC)
    QUALIFY row_number() OVER best = 1
),
metastasis AS (
    SELECT DISTINCT sample_text.sample_id
    FROM sample_text JOIN text USING (text_id) WHERE contains(text.normalised, 'metasta')
),
origin AS (
    SELECT proposal.sample_id, arg_max(
        proposal.tissue, (proposal.role = 'origin', proposal.field = 'origin', proposal.weight, proposal.evidence_id)
    ) AS origin_tissue
    FROM proposal JOIN ranked USING (sample_id)
    WHERE proposal.verdict = 'map' AND proposal.tissue <> ranked.tissue
        AND (proposal.role = 'origin' OR proposal.field = 'origin'
            OR (proposal.kind = 'disease' AND proposal.sample_id IN (FROM metastasis)))
    GROUP BY proposal.sample_id
)
SELECT
    sample.sample_id,
    CASE WHEN NOT ranked.is_ambiguous THEN evidence.term_id END AS term_id,
    CASE WHEN NOT ranked.is_ambiguous THEN ranked.tissue END AS tissue,
    ranked.evidence_id,
    CASE
        WHEN ranked.sample_id IS null THEN 'unmapped'
        WHEN ranked.is_ambiguous THEN 'ambiguous'
        WHEN evidence.kind IN ('override', 'declared') THEN evidence.kind
        ELSE evidence.field
    END AS decided_by,
    evidence.field, evidence.matched_text, ranked.tissue AS best_tissue, ranked.runner_up,
    round(ranked.margin, 4) AS margin,
    cell_line_sample.sample_id IS NOT null AS is_cell_line, cell_line_sample.cell_line,
    cell_line_sample.cell_line_evidence_id, origin.origin_tissue
FROM sample
LEFT JOIN ranked USING (sample_id)
LEFT JOIN evidence ON ranked.evidence_id = evidence.evidence_id
LEFT JOIN cell_line_sample USING (sample_id)
LEFT JOIN origin USING (sample_id);
