-- finest: one row per sample whose winning term has a finer one in other evidence that agrees (a part of the organ, a
-- kind of the cell): the finest wins with its own evidence. Of several the one whose line up to the winner holds the
-- strongest evidence. It may lie in another category (heart, epicardial fat) where an organ or a cell is named
-- outright. Descriptions tell about the whole study and refine nothing, nor is what a person or the source decided
-- refined.
CREATE OR REPLACE TEMP TABLE finest AS
WITH finer AS (
    SELECT
        proposal.sample_id, proposal.evidence_id, proposal.term_id, proposal.tissue, proposal.weight, proposal.n_tokens,
        closure.distance
    FROM winner JOIN proposal ON winner.sample_id = proposal.sample_id AND winner.term_id <> proposal.term_id
    JOIN closure ON proposal.term_id = closure.term_id AND winner.term_id = closure.ancestor_id
    WHERE NOT winner.is_ambiguous AND winner.kind NOT IN ('override', 'declared')
        AND proposal.verdict = 'map' AND proposal.role = 'sample' AND proposal.field <> 'description'
        AND (proposal.tissue = winner.tissue
            OR (proposal.kind IN ('anatomy', 'cell') AND proposal.field NOT IN ('other', 'disease', 'origin')))
),
line AS (
    SELECT
        finer.sample_id, finer.evidence_id, finer.tissue, finer.weight, finer.distance, finer.n_tokens,
        max(above.weight) AS line_weight
    FROM finer JOIN finer AS above ON finer.sample_id = above.sample_id
    JOIN closure ON finer.term_id = closure.term_id AND above.term_id = closure.ancestor_id
    GROUP BY ALL
)
SELECT
    sample_id,
    arg_max({ 'id': evidence_id, 'tissue': tissue }, (line_weight, distance, weight, n_tokens, evidence_id)) AS best
FROM line GROUP BY sample_id;
