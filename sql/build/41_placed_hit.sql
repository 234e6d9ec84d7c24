-- placed_hit: one row per hit with its kind and role, read from its neighbours along the text and the words between.
-- X-derived Y, Y from X: X is the origin (patterns of vocabulary.tsv); fibroblasts of an organ stay with the organ.
-- An adjective right before a cell found in many organs names its organ (colonic myofibroblasts); an organ before
-- "disease" is the patient's. LNCaP is no LNCa of P cells: unglued words are silent beside the name of a line, and where
-- they say nothing new.
CREATE OR REPLACE TEMP TABLE placed_hit AS
WITH along AS (
    SELECT
        hit.*, coalesce(hit.position > hit.bar, FALSE) AS is_unglued, hit.position + hit.n_tokens AS ends,
        lead({'kind': hit.kind, 'tissue': hit.tissue, 'at': hit.position, 'map': hit.verdict = 'map'}) OVER text AS nxt,
        lag({
            'kind': hit.kind, 'tissue': hit.tissue, 'at': hit.position + hit.n_tokens, 'map': hit.verdict = 'map'
        }) OVER text AS prior,
        bool_or(hit.verdict = 'cell_line' AND hit.kind = 'line') OVER (PARTITION BY hit.text_id) AS names_line,
        min(hit.position) OVER (PARTITION BY hit.text_id, hit.verdict, hit.term_id) AS first_place
    FROM hit
    WINDOW text AS (PARTITION BY hit.text_id, coalesce(hit.position > hit.bar, FALSE) ORDER BY hit.position)
),
gapped AS (
    SELECT
        along.* EXCLUDE (names_line, first_place), text.repaired, nxt.at = ends AS touches,
        CASE WHEN nxt.at > ends AND (bar IS NULL OR ends <= bar OR is_unglued) THEN
            array_to_string(string_split(text.normalised, ' ')[ends:nxt.at - 1], ' ') ELSE '' END AS gap_after,
        CASE WHEN prior.at < position AND contains(text.normalised, 'from') THEN
            array_to_string(string_split(text.normalised, ' ')[prior.at:position - 1], ' ') ELSE '' END AS gap_before
    FROM along JOIN text USING (text_id)
    WHERE NOT (is_unglued AND verdict = 'map' AND (names_line OR first_place < bar))
)
SELECT
    * EXCLUDE (nxt, prior, touches, gap_after, gap_before) REPLACE (
        CASE
            WHEN kind = 'adjective' AND nxt.kind = 'mobile' AND touches THEN 'cell'
            WHEN kind IN ('anatomy', 'adjective') AND after IN (
                SELECT word FROM vocabulary WHERE list = 'disease_word'
            ) THEN 'disease'
            ELSE kind
        END AS kind
    ),
    CASE
        WHEN verdict <> 'map' AND kind <> 'pluripotent' THEN verdict
        WHEN nxt.map AND tissue <> nxt.tissue AND (kind NOT IN ('anatomy', 'adjective') OR nxt.tissue <> 'fibroblast')
            AND (
                (regexp_matches(gap_after, $origin_before) AND NOT contains(gap_after, 'from')) OR (touches AND nxt.kind = 'pluripotent')
                OR (kind = 'pluripotent' AND nxt.kind <> 'culture' AND regexp_matches(gap_after, $into))
            ) THEN 'origin'
        WHEN prior.map AND tissue <> prior.tissue
            AND (kind NOT IN ('anatomy', 'adjective') OR prior.tissue <> 'fibroblast') AND gap_before <> ''
            AND (
                regexp_matches(gap_before, $origin_after)
                OR ((kind = 'pluripotent' OR prior.kind = 'pluripotent') AND regexp_matches(gap_before, '\bfrom\b'))
            ) THEN 'origin'
        WHEN kind = 'pluripotent' AND after = 'derived' AND nxt IS NULL AND prior.map AND prior.kind <> 'pluripotent'
            THEN 'origin'  -- cardiomyocytes (iPSC-derived)
        WHEN verdict = 'map' THEN 'sample'
        ELSE verdict
    END AS role
FROM gapped;
