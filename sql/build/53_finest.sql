-- finest: one row per sample whose winning term has a finer one in other evidence that agrees (a part of the organ, a
-- kind of the cell): the finest wins with its own evidence. Of several the one whose line up to the winner holds the
-- strongest evidence. It may lie in another category (heart, epicardial fat) where an organ or a cell is named
-- outright. Descriptions tell about the whole study and refine nothing, nor is what a person or the source decided
-- refined.
CREATE OR REPLACE TEMP TABLE finest AS
WITH finer AS (
    SELECT
        proposed.sample_number, proposed.evidence_number, proposed.term_id, proposed.tissue, proposed.weight,
        proposed.n_tokens, closure.distance
    FROM winner JOIN proposed ON winner.sample_number = proposed.sample_number AND winner.term_id <> proposed.term_id
    JOIN closure ON proposed.term_id = closure.term_id AND winner.term_id = closure.ancestor_id
    WHERE NOT winner.is_ambiguous AND winner.kind NOT IN ('override', 'declared')
        AND proposed.verdict = 'map' AND proposed.role = 'sample' AND proposed.field <> 'description'
        AND (proposed.tissue = winner.tissue
            OR (proposed.kind IN ('anatomy', 'cell') AND proposed.field NOT IN ('other', 'disease', 'origin')))
),
line AS (
    SELECT
        finer.sample_number, finer.evidence_number, finer.tissue, finer.weight, finer.distance, finer.n_tokens,
        max(above.weight) AS line_weight
    FROM finer JOIN finer AS above ON finer.sample_number = above.sample_number
    JOIN closure ON finer.term_id = closure.term_id AND above.term_id = closure.ancestor_id
    GROUP BY ALL
)
SELECT
    sample_number, arg_max(
        { 'id': evidence_number, 'tissue': tissue }, (line_weight, distance, weight, n_tokens, evidence_number)
    ) AS best
FROM line GROUP BY sample_number;
