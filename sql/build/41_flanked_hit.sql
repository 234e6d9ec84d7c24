-- flanked_hit: one row per hit that speaks with what stands before and behind it along the text, and the words between.
-- LNCaP is no LNCa of P cells: unglued words are silent beside the name of a line, and where they say nothing new.
CREATE OR REPLACE TEMP TABLE flanked_hit AS
WITH apart AS (SELECT *, coalesce(position > bar, FALSE) AS is_unglued, position + n_tokens AS ends FROM hit),
written AS (
    SELECT DISTINCT reading_id, term_id FROM apart WHERE bar IS NOT NULL AND NOT is_unglued AND verdict = 'map'
),
line AS (SELECT DISTINCT reading_id FROM apart WHERE NOT is_unglued AND verdict = 'cell_line' AND kind = 'line'),
speaking AS (
    SELECT * FROM apart
    WHERE NOT is_unglued OR verdict <> 'map'
        OR ((reading_id, term_id) NOT IN (FROM written) AND reading_id NOT IN (FROM line))
),
beside_others AS (SELECT reading_id FROM speaking GROUP BY reading_id HAVING count(*) > 1),
along AS (
    SELECT
        *,
        lead({ 'kind': kind, 'tissue': tissue, 'term': term_id, 'at': position, 'map': verdict = 'map' }) OVER beside
            AS ahead,
        lag({ 'kind': kind, 'tissue': tissue, 'term': term_id, 'at': ends, 'map': verdict = 'map' }) OVER beside
            AS behind
    FROM speaking WHERE reading_id IN (FROM beside_others)
    WINDOW beside AS (PARTITION BY reading_id, is_unglued ORDER BY position)
    UNION ALL BY NAME
    SELECT * FROM speaking WHERE reading_id NOT IN (FROM beside_others)
)
SELECT
    along.* EXCLUDE (tokens), ahead['at'] = ends AS touches,
    coalesce(ahead['map'] AND tissue = ahead['tissue'] AND term_id <> ahead['term']
    AND term_id LIKE 'CL:%' AND ahead['term'] LIKE 'CL:%', FALSE) AS is_kin_ahead,
    coalesce(behind['map'] AND tissue = behind['tissue'] AND term_id <> behind['term']
    AND term_id LIKE 'CL:%' AND behind['term'] LIKE 'CL:%', FALSE) AS is_kin_behind,
    CASE WHEN ahead['at'] > ends AND (tissue <> ahead['tissue'] OR is_kin_ahead) AND ahead['map'] THEN
        array_to_string(tokens[ends:ahead['at'] - 1], ' ') ELSE '' END AS gap_after,
    CASE
        WHEN behind['at'] < position AND (tissue <> behind['tissue'] OR is_kin_behind)
            AND contains(array_to_string(tokens, ' '), 'from')
            THEN array_to_string(tokens[behind['at']:position - 1], ' ')
        ELSE ''
    END AS gap_before,
    kind = 'anatomy' AND (ahead IS NOT NULL OR behind IS NOT NULL) AND position > 1
    AND tokens[position - 1] IN (
        SELECT word FROM vocabulary WHERE list = 'beside_word'
    ) AS is_beside
FROM along;
