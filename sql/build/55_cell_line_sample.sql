-- cell_line_sample: one row per sample that is a cell line, with the best evidence that says so, and which line it is
-- where any evidence knows that. Pluripotent lines are no cell lines here, whatever words stand beside them. An
-- override or the source may say that it is none.
CREATE OR REPLACE TABLE cell_line_sample AS
WITH named AS (SELECT name, min(accession) AS accession FROM cell_name GROUP BY name),
known AS MATERIALIZED (
    SELECT
        evidence.evidence_number, evidence.evidence_id, evidence.matched_text, evidence.tissue, cell_line.disease,
        coalesce(cell_line.accession, named.accession) AS accession,
        coalesce(cell_line.line_name, cell_line.name, named.name) AS name
    FROM evidence
    LEFT JOIN cell_line ON evidence.scope = 'CELL_LINE' AND evidence.synonym = cell_line.name
    LEFT JOIN named ON evidence.scope = 'CELL_LINE' AND evidence.synonym = named.name
    WHERE evidence.verdict IN ('cell_line', 'perhaps')
),
line AS (
    SELECT
        sample_number, bool_and(kind IN ('key', 'words')) AS is_unnamed,
        max(strength(weight, n_tokens, evidence_number)) AS flag,
        max(strength(weight, n_tokens, evidence_number)) FILTER (name IS NOT null) AS best
    FROM proposed JOIN known USING (evidence_number)
    WHERE proposed.verdict = 'cell_line' AND proposed.kind <> 'pluripotent'
    GROUP BY sample_number
),
denied AS (
    SELECT rowid AS sample_number FROM sample WHERE is_cell_line_declared = false
    UNION
    SELECT sample.rowid FROM override_hit JOIN sample USING (sample_id) WHERE is_effective AND is_cell_line = false
    UNION
    SELECT line.sample_number
    FROM line JOIN winner USING (sample_number)
    WHERE line.is_unnamed AND winner.kind = 'pluripotent'
)
SELECT
    sample_number, flag.evidence_id AS cell_line_evidence_id, flag.matched_text AS cell_line,
    best.accession AS cell_line_id, best.name AS cell_line_name, best.disease AS cell_line_disease,
    best.tissue AS cell_line_tissue
FROM line ANTI JOIN denied USING (sample_number)
LEFT JOIN known AS flag ON evidence_of(line.flag) = flag.evidence_number
LEFT JOIN known AS best ON evidence_of(line.best) = best.evidence_number;
