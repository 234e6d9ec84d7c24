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
best AS MATERIALIZED (
    SELECT sample_id, fact, max(rank) AS rank, arg_max(one, trust) AS one, arg_max(other, trust) AS other
    FROM level GROUP BY sample_id, fact
),
above AS (
    SELECT hash(term_id) AS finer, hash(above_id) AS coarser FROM disease_above
),
named AS (
    SELECT DISTINCT sample_id, unnest([one, other]) AS coarser FROM best WHERE fact = 'disease'
),
finer AS (
    SELECT named.sample_id, 'disease' AS fact, max(said.rank) AS rank
    FROM named
    JOIN above USING (coarser)
    JOIN fact_proposal AS said
        ON named.sample_id = said.sample_id AND above.finer = said.meaning AND said.fact = 'disease'
    GROUP BY named.sample_id
)
SELECT sample_id, fact, coalesce(finer.rank, best.rank) AS rank
FROM best LEFT JOIN finer USING (sample_id, fact)
WHERE best.one = best.other OR finer.rank IS NOT NULL OR fact = 'treatment';
