-- stated_fact: one row per sample and other fact: the statement of the most trusted field. A disease that another field
-- names more exactly is that one ("cancer" under a key, "lung adenocarcinoma" in the title). Two statements of the same
-- trust that contradict each other state nothing, unless one of them is finer.
CREATE OR REPLACE TEMP TABLE stated_fact AS
WITH level AS (
    SELECT
        sample_id, fact, rank >> 54 AS trust, max(rank) AS rank, min(meaning) AS one, max(meaning) AS other
    FROM fact_proposal
    WHERE fact NOT IN ('tissue_status', 'is_control')
    GROUP BY sample_id, fact, trust
),
best AS (
    SELECT sample_id, fact, max(rank) AS rank, arg_max(one, trust) AS one, arg_max(other, trust) AS other
    FROM level GROUP BY sample_id, fact
),
above AS (
    SELECT hash(term_id) AS finer, hash(above_id) AS coarser
    FROM disease_above WHERE hash(above_id) IN (SELECT one FROM best UNION SELECT other FROM best)
),
finer AS (
    SELECT
        best.sample_id, best.fact, arg_max(said.rank, said.rank) AS rank,
        arg_max(said.meaning, said.rank) AS one, bool_and(best.one = best.other OR above.coarser = best.one) AS settles
    FROM best
    JOIN above ON above.coarser IN (best.one, best.other)
    JOIN fact_proposal AS said
        ON best.sample_id = said.sample_id AND said.fact = 'disease' AND above.finer = said.meaning
    WHERE best.fact = 'disease'
    GROUP BY best.sample_id, best.fact
)
SELECT sample_id, fact, coalesce(finer.rank, best.rank) AS rank
FROM best LEFT JOIN finer USING (sample_id, fact)
WHERE best.one = best.other OR finer.rank IS NOT NULL OR fact = 'treatment';
