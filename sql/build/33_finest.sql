-- finest: one row per sample whose winning term has a finer one in other evidence that agrees (a part of the organ, a kind of the cell): the finest
-- wins with its own evidence. Of several the one whose line up to the winner holds the strongest evidence. Descriptions tell about the whole study
-- and refine nothing; what a person or the source decided is not refined.
CREATE OR REPLACE TABLE finest AS
WITH finer AS (
    SELECT proposal.sample_id, proposal.evidence_id, proposal.term_id, proposal.weight, proposal.n_tokens, closure.distance
    FROM winner JOIN proposal ON winner.sample_id = proposal.sample_id AND winner.tissue = proposal.tissue
    JOIN closure ON closure.term_id = proposal.term_id AND closure.ancestor_id = winner.term_id AND closure.distance > 0
    WHERE NOT winner.is_ambiguous AND winner.kind NOT IN ('override', 'declared')
        AND proposal.verdict = 'map' AND proposal.role = 'sample' AND proposal.field <> 'description'
),
line AS (
    SELECT finer.sample_id, finer.evidence_id, finer.term_id, finer.weight, finer.distance, finer.n_tokens, max(above.weight) AS line_weight
    FROM finer JOIN finer AS above ON finer.sample_id = above.sample_id
    JOIN closure ON closure.term_id = finer.term_id AND closure.ancestor_id = above.term_id
    GROUP BY ALL
)
SELECT sample_id, arg_max(evidence_id, (line_weight, distance, weight, n_tokens, evidence_id)) AS evidence_id
FROM line GROUP BY sample_id;
