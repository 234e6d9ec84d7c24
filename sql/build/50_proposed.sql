-- proposed: one row per sample and evidence that speaks about it, from its texts, its source and its overrides.
-- A text that names a mixture says nothing. What stands beside remade cells is their origin. A name that may be a
-- line's (H23) is one where the cell type is of the organ that the line comes from; a code of three digits or a code
-- that laboratories know (K562, PC3) also where the sample names no other organ.
CREATE OR REPLACE TABLE proposed AS
WITH silenced AS (SELECT DISTINCT text_id FROM evidence WHERE verdict = 'block' AND scope = 'PATTERN'),
spoken AS (
    SELECT
        spoken_text.sample_number, evidence.evidence_number, evidence.verdict, evidence.kind,
        coalesce(
            evidence.verdict = 'map' AND evidence.role = 'sample' AND NOT list_contains(tissues, evidence.tissue)
            AND (tissues = ['stem_cell'] OR evidence.kind IN ('anatomy', 'adjective', 'mobile')), FALSE
        ) AS is_origin,
        if(is_origin, 'origin', evidence.role) AS role,
        evidence.field, evidence.tissue, evidence.term_id, evidence.weight - if(is_origin, 0.2, 0) AS weight,
        evidence.n_tokens, evidence.synonym
    FROM spoken_text JOIN evidence ON spoken_text.text_id = evidence.text_id
    LEFT JOIN remade_sample ON spoken_text.sample_number = remade_sample.sample_number
    WHERE evidence.verdict <> 'block' AND evidence.text_id NOT IN (FROM silenced)
),
organ AS (SELECT DISTINCT sample_number, tissue FROM spoken WHERE field = 'cell_type' AND verdict = 'map'),
perhaps AS (
    SELECT
        *, regexp_matches(synonym, '[0-9]{3}')
        OR replace(words(synonym), ' ', '') IN (SELECT word FROM vocabulary WHERE list = 'line_code') AS is_code
    FROM spoken WHERE verdict = 'perhaps'
),
contradicted AS (
    SELECT DISTINCT perhaps.sample_number, perhaps.evidence_number
    FROM perhaps JOIN spoken USING (sample_number)
    WHERE spoken.verdict = 'map' AND spoken.tissue <> perhaps.tissue
        AND spoken.field NOT IN ('description', 'disease', 'origin', 'other')
        AND spoken.kind NOT IN ('disease', 'adjective')
        AND NOT (
            spoken.tissue IN (SELECT word FROM vocabulary WHERE list = 'blood_tumour_tissue')
            AND perhaps.tissue IN (SELECT word FROM vocabulary WHERE list = 'blood_tumour_tissue')
        )
),
believed AS (
    SELECT * EXCLUDE (synonym) FROM spoken WHERE verdict <> 'perhaps'
    UNION ALL
    SELECT * EXCLUDE (synonym, is_code) REPLACE ('cell_line' AS verdict) FROM perhaps
    WHERE (sample_number, tissue) IN (FROM organ)
        OR (is_code AND (sample_number, evidence_number) NOT IN (FROM contradicted))
)
SELECT sample_number, evidence_number, verdict, kind, role, field, tissue, term_id, weight, n_tokens FROM believed
UNION ALL
SELECT sample.rowid, evidence_number, verdict, kind, role, field, tissue, term_id, weight, n_tokens
FROM evidence JOIN sample USING (sample_id);
