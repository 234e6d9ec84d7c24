-- placed_hit: one row per hit with its kind and role, read from its neighbours along the text and the words between.
-- X-derived Y, Y from X: X is the origin (patterns of vocabulary.tsv), of two cells also where both are of one tissue
-- (macrophages from PBMC); fibroblasts of an organ stay with the organ. A marker before a cell is an attribute of it
-- (CD14+ macrophages). An adjective right before a cell found in many organs names its organ (colonic myofibroblasts);
-- an organ before "disease" is the patient's, one behind "on" or "near" is no more than a place beside other words.
CREATE OR REPLACE TEMP TABLE placed_hit AS
WITH kin AS (  -- one column: two with NOT IN are compared row by row
    SELECT term_id || ancestor_id AS pair FROM closure WHERE term_id LIKE 'CL:%' AND ancestor_id LIKE 'CL:%'
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
            AND term_id || ahead['term'] NOT IN (FROM kin))
        ) THEN 'origin'
        WHEN is_kin_behind AND regexp_matches(gap_before, '\bfrom\b') THEN 'origin'
        WHEN kind = 'pluripotent' AND after = 'derived' AND ahead IS NULL AND behind['map']
            AND behind['kind'] <> 'pluripotent'
            THEN 'origin'  -- cardiomyocytes (iPSC-derived)
        WHEN verdict = 'map' THEN 'sample'
        ELSE verdict
    END AS role
FROM flanked_hit;
