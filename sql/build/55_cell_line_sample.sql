-- cell_line_sample: one row per sample that is a cell line, with the best evidence that says so, and which line it is
-- where any evidence knows that. Pluripotent lines are no cell lines here, whatever words stand beside them. An
-- override or the source may say that it is none.
CREATE OR REPLACE TABLE cell_line_sample AS
WITH named AS (SELECT name, min(accession) AS accession FROM cell_name GROUP BY name),
said AS (
    SELECT
        proposal.sample_id, proposal.weight, proposal.kind, evidence.evidence_id, evidence.n_tokens,
        evidence.matched_text, evidence.tissue, coalesce(cell_line.accession, named.accession) AS accession,
        coalesce(cell_line.line_name, cell_line.name, named.name) AS name, cell_line.disease
    FROM proposal JOIN evidence USING (evidence_id)
    LEFT JOIN cell_line ON evidence.scope = 'CELL_LINE' AND evidence.synonym = cell_line.name
    LEFT JOIN named ON evidence.scope = 'CELL_LINE' AND evidence.synonym = named.name
    WHERE proposal.verdict = 'cell_line' AND proposal.kind <> 'pluripotent'
),
line AS (
    SELECT
        sample_id, bool_and(kind IN ('key', 'words')) AS is_unnamed,
        arg_max({ 'id': evidence_id, 'words': matched_text }, (weight, n_tokens, evidence_id)) AS flag,
        arg_max(
            { 'id': accession, 'name': name, 'disease': disease, 'tissue': tissue }, (weight, n_tokens, evidence_id)
        ) FILTER (name IS NOT null) AS known
    FROM said GROUP BY sample_id
),
denied AS (
    SELECT sample_id FROM sample WHERE is_cell_line_declared = false
    UNION
    SELECT sample_id FROM override_hit WHERE is_effective AND is_cell_line = false
    UNION
    SELECT line.sample_id
    FROM line JOIN winner USING (sample_id)
    WHERE line.is_unnamed AND winner.kind = 'pluripotent'
)
SELECT
    sample_id, flag['id'] AS cell_line_evidence_id, flag['words'] AS cell_line, known['id'] AS cell_line_id,
    known['name'] AS cell_line_name, known['disease'] AS cell_line_disease, known['tissue'] AS cell_line_tissue
FROM line ANTI JOIN denied USING (sample_id);
