-- label: one row per sample: its tissue, the finest term that its evidence names, where and what it is, which cell
-- line, and where it came from: the disease of a metastasis or an effusion, X of "X-derived", or a key that says so. Of
-- an ambiguous sample both tissues are named, for a person to decide.
CREATE OR REPLACE TABLE label AS
WITH elsewhere AS (
    SELECT DISTINCT sample_text.sample_id
    FROM sample_text JOIN text USING (text_id) WHERE regexp_matches(text.normalised, $elsewhere)
),
marker AS (  -- CD45+ before T cell is an attribute of the cell, and no place that it came from
    SELECT evidence_id FROM evidence
    WHERE role = 'origin' AND (synonym LIKE '% positive' OR matched_text LIKE '%+')
),
origin AS (
    SELECT proposal.sample_id, arg_max({
        'tissue': proposal.tissue, 'term': proposal.term_id, 'evidence': proposal.evidence_id
    }, (
        proposal.role = 'origin', proposal.field = 'origin', proposal.kind <> 'pluripotent', proposal.weight,
        proposal.evidence_id
    )) AS best
    FROM proposal JOIN winner USING (sample_id)
    WHERE proposal.verdict IN ('map', 'cell_line') AND proposal.tissue <> winner.tissue
        AND proposal.evidence_id NOT IN (FROM marker)
        AND (proposal.role = 'origin' OR (proposal.field = 'origin' AND proposal.verdict = 'map')
            OR (proposal.kind = 'pluripotent' AND proposal.field <> 'description')
            OR (proposal.kind = 'disease' AND proposal.sample_id IN (FROM elsewhere)))
    GROUP BY proposal.sample_id
),
single_cell AS (
    SELECT proposal.sample_id, arg_max(evidence.matched_text, (evidence.n_tokens, evidence.evidence_id)) AS words
    FROM proposal JOIN evidence USING (evidence_id) WHERE proposal.verdict = 'single_cell' GROUP BY proposal.sample_id
)
SELECT
    sample.sample_id, CASE WHEN NOT winner.is_ambiguous THEN evidence.term_id END AS term_id,
    CASE WHEN NOT winner.is_ambiguous THEN coalesce(finest.best['tissue'], winner.tissue) END AS tissue,
    place.tissue['term'] AS tissue_ontology_term_id, place.tissue['evidence'] AS tissue_evidence_id,
    place.cell['term'] AS cell_type_ontology_term_id, place.cell['evidence'] AS cell_type_evidence_id,
    evidence.evidence_id,
    CASE
        WHEN winner.sample_id IS null THEN 'unmapped'
        WHEN winner.is_ambiguous THEN 'ambiguous'
        WHEN evidence.kind IN ('override', 'declared') THEN evidence.kind
        ELSE evidence.field
    END AS decided_by,
    evidence.field, evidence.matched_text, coalesce(finest.best['tissue'], winner.tissue) AS best_tissue,
    winner.runner_up, round(winner.margin, 4) AS margin,
    cell_line_sample.sample_id IS NOT null AS is_cell_line, cell_line_sample.* EXCLUDE (sample_id),
    origin.best['tissue'] AS origin_tissue, origin.best['term'] AS origin_term_id,
    origin.best['evidence'] AS origin_evidence_id,
    single_cell.words AS single_cell_words
FROM sample
LEFT JOIN winner USING (sample_id)
LEFT JOIN finest USING (sample_id)
LEFT JOIN evidence ON coalesce(finest.best['id'], winner.evidence_id) = evidence.evidence_id
LEFT JOIN place USING (sample_id)
LEFT JOIN cell_line_sample USING (sample_id)
LEFT JOIN origin USING (sample_id)
LEFT JOIN single_cell USING (sample_id);
