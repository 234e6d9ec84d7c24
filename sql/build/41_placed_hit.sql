-- placed_hit: one row per hit with its kind and role, read from its neighbours along the text and the words between.
-- X-derived Y, Y from X: X is the origin (patterns of vocabulary.tsv); fibroblasts of an organ stay with the organ. An
-- adjective right before a cell found in many organs names its organ (colonic myofibroblasts); an organ before
-- "disease" is the patient's. LNCaP is no LNCa of P cells: unglued words are silent beside the name of a line, and
-- where they say nothing new.
CREATE OR REPLACE TEMP TABLE placed_hit AS
WITH apart AS (SELECT *, coalesce(position > bar, FALSE) AS is_unglued, position + n_tokens AS ends FROM hit),
written AS (SELECT DISTINCT text_id, term_id FROM apart WHERE bar IS NOT NULL AND NOT is_unglued AND verdict = 'map'),
line AS (SELECT DISTINCT text_id FROM apart WHERE NOT is_unglued AND verdict = 'cell_line' AND kind = 'line'),
along AS (
    SELECT
        *, lead({ 'kind': kind, 'tissue': tissue, 'at': position, 'map': verdict = 'map' }) OVER beside AS ahead,
        lag({ 'kind': kind, 'tissue': tissue, 'at': ends, 'map': verdict = 'map' }) OVER beside AS behind
    FROM apart
    WHERE NOT is_unglued OR verdict <> 'map'
        OR ((text_id, term_id) NOT IN (FROM written) AND text_id NOT IN (FROM line))
    WINDOW beside AS (PARTITION BY text_id, is_unglued ORDER BY position)
),
gapped AS (
    SELECT
        along.*, text.repaired, ahead['at'] = ends AS touches,
        CASE WHEN ahead['at'] > ends AND tissue <> ahead['tissue'] AND ahead['map'] THEN
            array_to_string(string_split(text.normalised, ' ')[ends:ahead['at'] - 1], ' ') ELSE '' END AS gap_after,
        CASE WHEN behind['at'] < position AND tissue <> behind['tissue'] AND contains(text.normalised, 'from') THEN
            array_to_string(string_split(text.normalised, ' ')[behind['at']:position - 1], ' ')
            ELSE '' END AS gap_before
    FROM along JOIN text USING (text_id)
)
SELECT
    * EXCLUDE (ahead, behind, touches, gap_after, gap_before) REPLACE (
        CASE
            WHEN kind = 'adjective' AND ahead['kind'] = 'mobile' AND touches THEN 'cell'
            WHEN kind IN ('anatomy', 'adjective') AND after IN (
                SELECT word FROM vocabulary WHERE list = 'disease_word'
            ) THEN 'disease'
            ELSE kind
        END AS kind
    ),
    CASE
        WHEN verdict <> 'map' AND kind <> 'pluripotent' THEN verdict
        WHEN ahead['map'] AND tissue <> ahead['tissue']
            AND (kind NOT IN ('anatomy', 'adjective') OR ahead['tissue'] <> 'fibroblast')
            AND (
                (regexp_matches(gap_after, $origin_before) AND NOT contains(gap_after, 'from'))
                OR (touches AND ahead['kind'] = 'pluripotent')
                OR (kind = 'pluripotent' AND ahead['kind'] <> 'culture' AND regexp_matches(gap_after, $made_into))
            ) THEN 'origin'
        WHEN behind['map'] AND tissue <> behind['tissue']
            AND (kind NOT IN ('anatomy', 'adjective') OR behind['tissue'] <> 'fibroblast') AND gap_before <> ''
            AND (
                regexp_matches(gap_before, $origin_after)
                OR ((kind = 'pluripotent' OR behind['kind'] = 'pluripotent') AND regexp_matches(gap_before, '\bfrom\b'))
            ) THEN 'origin'
        WHEN kind = 'pluripotent' AND after = 'derived' AND ahead IS NULL AND behind['map']
            AND behind['kind'] <> 'pluripotent'
            THEN 'origin'  -- cardiomyocytes (iPSC-derived)
        WHEN verdict = 'map' THEN 'sample'
        ELSE verdict
    END AS role
FROM gapped;
