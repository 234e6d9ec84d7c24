-- label: one row per sample: its tissue, the finest term that its evidence names, where and what it is, which cell
-- line, and where it came from: the disease of a metastasis or an effusion, X of "X-derived", or a key that says so. Of
-- an ambiguous sample both tissues are named, for a person to decide.
CREATE OR REPLACE TABLE label AS
WITH elsewhere AS (
    SELECT DISTINCT spoken_text.sample_number
    FROM spoken_text JOIN text USING (text_id) WHERE regexp_matches(text.normalised, $elsewhere)
),
marker AS (  -- CD45+ before T cell is an attribute of the cell, and no place that it came from
    SELECT evidence_number FROM evidence
    WHERE role = 'origin' AND (synonym LIKE '% positive' OR matched_text LIKE '%+')
),
origin AS (
    SELECT proposal.sample_number, arg_max(proposal.evidence_number, (
        proposal.role = 'origin', proposal.field = 'origin', proposal.kind <> 'pluripotent', proposal.weight,
        proposal.evidence_number
    )) AS best
    FROM proposed AS proposal JOIN winner USING (sample_number)
    WHERE proposal.verdict IN ('map', 'cell_line') AND proposal.tissue <> winner.tissue
        AND proposal.evidence_number NOT IN (FROM marker)
        AND (proposal.role = 'origin' OR (proposal.field = 'origin' AND proposal.verdict = 'map')
            OR (proposal.kind = 'pluripotent' AND proposal.field <> 'description')
            OR (proposal.kind = 'disease' AND proposal.sample_number IN (FROM elsewhere)))
    GROUP BY proposal.sample_number
),
single_cell AS (
    SELECT sample_number, arg_max(evidence.matched_text, (evidence.n_tokens, evidence_number)) AS words
    FROM proposed JOIN evidence USING (evidence_number)
    WHERE proposed.verdict = 'single_cell' GROUP BY sample_number
)
SELECT
    sample.sample_id, CASE WHEN NOT winner.is_ambiguous THEN evidence.term_id END AS term_id,
    CASE WHEN NOT winner.is_ambiguous THEN coalesce(finest.best['tissue'], winner.tissue) END AS tissue,
    place.tissue_id AS tissue_ontology_term_id, place.tissue_evidence_id,
    place.cell_id AS cell_type_ontology_term_id, place.cell_evidence_id AS cell_type_evidence_id,
    evidence.evidence_id,
    CASE
        WHEN winner.sample_number IS null THEN 'unmapped'
        WHEN winner.is_ambiguous THEN 'ambiguous'
        WHEN evidence.kind IN ('override', 'declared') THEN evidence.kind
        ELSE evidence.field
    END AS decided_by,
    evidence.field, evidence.matched_text, coalesce(finest.best['tissue'], winner.tissue) AS best_tissue,
    winner.runner_up, round(winner.margin, 4) AS margin,
    cell_line_sample.sample_number IS NOT null AS is_cell_line, cell_line_sample.* EXCLUDE (sample_number),
    origin_evidence.tissue AS origin_tissue, origin_evidence.term_id AS origin_term_id,
    origin_evidence.evidence_id AS origin_evidence_id,
    single_cell.words AS single_cell_words
FROM sample
LEFT JOIN winner ON sample.rowid = winner.sample_number
LEFT JOIN finest ON sample.rowid = finest.sample_number
LEFT JOIN evidence ON coalesce(finest.best['id'], winner.evidence_number) = evidence.evidence_number
LEFT JOIN place ON sample.rowid = place.sample_number
LEFT JOIN cell_line_sample ON sample.rowid = cell_line_sample.sample_number
LEFT JOIN origin ON sample.rowid = origin.sample_number
LEFT JOIN evidence AS origin_evidence ON origin.best = origin_evidence.evidence_number
LEFT JOIN single_cell ON sample.rowid = single_cell.sample_number;
