-- label: one row per sample: its tissue, the finest term that the evidence for it names, where and what it is, which cell line, and where it came from.
-- Of an ambiguous sample both tissues are named, for a person to decide.
CREATE OR REPLACE TABLE label AS
WITH metastasis AS (SELECT DISTINCT sample_text.sample_id FROM sample_text JOIN text USING (text_id) WHERE contains(text.normalised, 'metasta')),
origin AS (  -- where the tumour or the cells came from: the disease of a metastasis, X of "X-derived", or a key that says so
    SELECT proposal.sample_id, arg_max({'tissue': proposal.tissue, 'term': proposal.term_id}, (proposal.role = 'origin', proposal.field = 'origin', proposal.weight, proposal.evidence_id)) AS best
    FROM proposal JOIN winner USING (sample_id)
    WHERE proposal.verdict = 'map' AND proposal.tissue <> winner.tissue
        AND (proposal.role = 'origin' OR proposal.field = 'origin' OR (proposal.kind = 'disease' AND proposal.sample_id IN (FROM metastasis)))
    GROUP BY proposal.sample_id
),
single_cell AS (  -- the words that say the library was made from one cell
    SELECT proposal.sample_id, arg_max(evidence.matched_text, (evidence.n_tokens, evidence.evidence_id)) AS words
    FROM proposal JOIN evidence USING (evidence_id) WHERE proposal.verdict = 'single_cell' GROUP BY proposal.sample_id
)
SELECT
    sample.sample_id,
    CASE WHEN winner.is_ambiguous THEN null ELSE evidence.term_id END AS term_id,
    CASE WHEN winner.is_ambiguous THEN null ELSE winner.tissue END AS tissue,
    place.place.term AS tissue_ontology_term_id, place.place.evidence AS tissue_evidence_id,
    place.cell.term AS cell_type_ontology_term_id, place.cell.evidence AS cell_type_evidence_id,
    evidence.evidence_id,
    CASE WHEN winner.sample_id IS null THEN 'unmapped' WHEN winner.is_ambiguous THEN 'ambiguous' WHEN evidence.kind IN ('override', 'declared') THEN evidence.kind ELSE evidence.field END AS decided_by,
    evidence.field, evidence.matched_text, winner.tissue AS best_tissue, winner.runner_up, round(winner.margin, 4) AS margin,
    cell_line_sample.sample_id IS NOT null AS is_cell_line, cell_line_sample.* EXCLUDE (sample_id),
    origin.best.tissue AS origin_tissue, origin.best.term AS origin_term_id, single_cell.words AS single_cell_words
FROM sample
LEFT JOIN winner USING (sample_id)
LEFT JOIN finest USING (sample_id)
LEFT JOIN evidence ON coalesce(finest.evidence_id, winner.evidence_id) = evidence.evidence_id
LEFT JOIN place USING (sample_id)
LEFT JOIN cell_line_sample USING (sample_id)
LEFT JOIN origin USING (sample_id)
LEFT JOIN single_cell USING (sample_id);
