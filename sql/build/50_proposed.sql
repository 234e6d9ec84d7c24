-- proposed: one row per sample and evidence that speaks about it, from its texts, its source and its overrides.
-- A text that names a mixture says nothing. What stands beside remade cells is their origin. A name that may be a
-- line's (H23) is one where the cell type is of the organ that the line comes from; a code of three digits or a code
-- that laboratories know (K562, PC3) also where the sample names no other organ: asked of the samples with such a name.
CREATE OR REPLACE TABLE proposed AS
WITH silenced AS (SELECT DISTINCT text_id FROM evidence WHERE verdict = 'block' AND scope = 'PATTERN'),
said AS (
    SELECT
        text_id, evidence_number, verdict, kind, role, field, tissue, term_id, weight, n_tokens,
        if(verdict = 'perhaps', synonym, NULL) AS synonym
    FROM evidence ANTI JOIN silenced USING (text_id) WHERE verdict <> 'block' AND text_id IS NOT NULL
),
unsure AS (
    SELECT
        spoken_text.sample_number, said.*, regexp_matches(synonym, '[0-9]{3}')
        OR replace(words(synonym), ' ', '') IN (SELECT word FROM vocabulary WHERE list = 'line_code') AS is_code
    FROM spoken_text JOIN said USING (text_id) WHERE said.verdict = 'perhaps'
),
beside AS (
    SELECT spoken_text.sample_number, said.*
    FROM spoken_text SEMI JOIN unsure USING (sample_number) JOIN said ON spoken_text.text_id = said.text_id
    WHERE said.verdict = 'map'
),
organ AS (SELECT DISTINCT sample_number, tissue FROM beside WHERE field = 'cell_type'),
blood AS (SELECT word FROM vocabulary WHERE list = 'blood_tumour_tissue'),
contradicted AS (
    SELECT DISTINCT unsure.sample_number, unsure.evidence_number
    FROM unsure JOIN beside USING (sample_number)
    WHERE beside.tissue <> unsure.tissue AND beside.field NOT IN ('description', 'disease', 'origin', 'other')
        AND beside.kind NOT IN ('disease', 'adjective')
        AND NOT (beside.tissue IN (FROM blood) AND unsure.tissue IN (FROM blood))
),
sure AS (
    SELECT
        spoken_text.sample_number, said.*, coalesce(
            verdict = 'map' AND role = 'sample' AND NOT list_contains(tissues, tissue)
            AND (tissues = ['stem_cell'] OR kind IN ('anatomy', 'adjective', 'mobile')), FALSE
        ) AS is_origin
    FROM spoken_text JOIN said USING (text_id) LEFT JOIN remade_sample USING (sample_number)
    WHERE verdict <> 'perhaps'
)
SELECT
    sample_number, evidence_number, verdict, kind, if(is_origin, 'origin', role) AS role, field, tissue, term_id,
    weight - if(is_origin, 0.2, 0) AS weight, n_tokens
FROM sure
UNION ALL
SELECT sample_number, evidence_number, 'cell_line', kind, role, field, tissue, term_id, weight, n_tokens
FROM unsure
WHERE (sample_number, tissue) IN (FROM organ)
    OR (is_code AND (sample_number, evidence_number) NOT IN (FROM contradicted))
UNION ALL
SELECT sample.rowid, evidence_number, verdict, kind, role, field, tissue, term_id, weight, n_tokens
FROM evidence JOIN sample USING (sample_id);
