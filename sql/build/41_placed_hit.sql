-- placed_hit: one row per hit with its kind and role, read from its neighbours along the text and the words between.
-- X-derived Y, Y from X: X is the origin (patterns of vocabulary.tsv), of two cells also where both are of one tissue
-- (macrophages from PBMC); fibroblasts of an organ stay with the organ. A marker before a cell is an attribute of it
-- (CD14+ macrophages). An adjective right before a cell found in many organs names its organ (colonic myofibroblasts);
-- an organ before "disease" is the patient's, one behind "on" or "near" is no more than a place beside other words.
-- LNCaP is no LNCa of P cells: unglued words are silent beside the name of a line, and where they say nothing new.
CREATE OR REPLACE TEMP TABLE placed_hit AS
WITH apart AS (SELECT *, coalesce(position > bar, FALSE) AS is_unglued, position + n_tokens AS ends FROM hit),
written AS (SELECT DISTINCT text_id, term_id FROM apart WHERE bar IS NOT NULL AND NOT is_unglued AND verdict = 'map'),
kin AS (SELECT term_id, ancestor_id FROM closure WHERE term_id LIKE 'CL:%' AND ancestor_id LIKE 'CL:%'),
line AS (SELECT DISTINCT text_id FROM apart WHERE NOT is_unglued AND verdict = 'cell_line' AND kind = 'line'),
along AS (
    SELECT
        *,
        lead({ 'kind': kind, 'tissue': tissue, 'term': term_id, 'at': position, 'map': verdict = 'map' }) OVER beside
            AS ahead,
        lag({ 'kind': kind, 'tissue': tissue, 'term': term_id, 'at': ends, 'map': verdict = 'map' }) OVER beside
            AS behind
    FROM apart
    WHERE NOT is_unglued OR verdict <> 'map'
        OR ((text_id, term_id) NOT IN (FROM written) AND text_id NOT IN (FROM line))
    WINDOW beside AS (PARTITION BY text_id, is_unglued ORDER BY position)
),
gapped AS (
    SELECT
        along.*, text.repaired, ahead['at'] = ends AS touches,
        coalesce(ahead['map'] AND tissue = ahead['tissue'] AND term_id <> ahead['term']
        AND term_id LIKE 'CL:%' AND ahead['term'] LIKE 'CL:%', FALSE) AS is_kin_ahead,
        coalesce(behind['map'] AND tissue = behind['tissue'] AND term_id <> behind['term']
        AND term_id LIKE 'CL:%' AND behind['term'] LIKE 'CL:%', FALSE) AS is_kin_behind,
        CASE WHEN ahead['at'] > ends AND (tissue <> ahead['tissue'] OR is_kin_ahead) AND ahead['map'] THEN
            array_to_string(string_split(text.normalised, ' ')[ends:ahead['at'] - 1], ' ') ELSE '' END AS gap_after,
        CASE
            WHEN behind['at'] < position AND (tissue <> behind['tissue'] OR is_kin_behind)
                AND contains(text.normalised, 'from')
                THEN array_to_string(string_split(text.normalised, ' ')[behind['at']:position - 1], ' ')
            ELSE ''
        END AS gap_before,
        kind = 'anatomy' AND (ahead IS NOT NULL OR behind IS NOT NULL) AND position > 1
        AND string_split(text.normalised, ' ')[position - 1] IN (
            SELECT word FROM vocabulary WHERE list = 'beside_word'
        ) AS is_beside
    FROM along JOIN text USING (text_id)
)
SELECT
    * EXCLUDE (ahead, behind, touches, gap_after, gap_before, is_kin_ahead, is_kin_behind, is_beside) REPLACE (
        CASE
            WHEN is_beside THEN 'adjective'
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
        WHEN is_kin_ahead AND (
            (regexp_matches(gap_after, $origin_before) AND NOT contains(gap_after, 'from'))
            OR ((ahead['at'] < ends OR (touches AND synonym LIKE '% positive'))
            AND (term_id, ahead['term']) NOT IN (FROM kin))
        ) THEN 'origin'
        WHEN is_kin_behind AND regexp_matches(gap_before, '\bfrom\b') THEN 'origin'
        WHEN kind = 'pluripotent' AND after = 'derived' AND ahead IS NULL AND behind['map']
            AND behind['kind'] <> 'pluripotent'
            THEN 'origin'  -- cardiomyocytes (iPSC-derived)
        WHEN verdict = 'map' THEN 'sample'
        ELSE verdict
    END AS role
FROM gapped;
