-- cell_line_sample: one row per sample that is a cell line, with the best evidence that says so, and which line it is where any evidence knows that.
-- An override or the source may say that it is none.
CREATE OR REPLACE TABLE cell_line_sample AS
WITH said AS (
    SELECT proposal.sample_id, proposal.weight, evidence.evidence_id, evidence.n_tokens, evidence.matched_text, coalesce(cell_line.accession, cell_name.accession) AS cell_line_id,
        coalesce(cell_line.line_name, cell_line.name, cell_name.name) AS cell_line_name, cell_line.disease AS cell_line_disease, evidence.tissue AS cell_line_tissue
    FROM proposal JOIN evidence USING (evidence_id)
    LEFT JOIN cell_line ON evidence.scope = 'CELL_LINE' AND evidence.synonym = cell_line.name
    LEFT JOIN (SELECT name, min(accession) AS accession FROM cell_name GROUP BY name) AS cell_name ON evidence.scope = 'CELL_LINE' AND evidence.synonym = cell_name.name
    WHERE proposal.verdict = 'cell_line' AND proposal.kind <> 'pluripotent'
),
line AS (
    SELECT sample_id, arg_max({'id': evidence_id, 'words': matched_text}, (weight, n_tokens, evidence_id)) AS flag,
        arg_max({'id': cell_line_id, 'name': cell_line_name, 'disease': cell_line_disease, 'tissue': cell_line_tissue}, (weight, n_tokens, evidence_id))
            FILTER (cell_line_name IS NOT NULL) AS known
    FROM said GROUP BY sample_id
)
SELECT
    sample_id, flag.id AS cell_line_evidence_id, flag.words AS cell_line, known.id AS cell_line_id, known.name AS cell_line_name,
    known.disease AS cell_line_disease, known.tissue AS cell_line_tissue
FROM line
WHERE sample_id NOT IN (SELECT sample_id FROM sample WHERE is_cell_line_declared = false
UNION
SELECT sample_id FROM override_hit WHERE is_effective AND is_cell_line = false);
