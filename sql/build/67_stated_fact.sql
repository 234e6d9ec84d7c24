-- stated_fact: one row per sample and other fact: the statement of the most trusted field. A disease that another field
-- names more exactly is that one ("cancer" under a key, "lung adenocarcinoma" in the title). Two statements of the same
-- trust that contradict each other state nothing, unless one of them is finer.
-- Why `beside` is made first: joined to the kinds of "cancer" before the sample, a tenth of the rows takes ten times as
-- long.
CREATE OR REPLACE TEMP TABLE stated_fact AS
WITH best AS MATERIALIZED (
    SELECT
        sample_id, fact, max(rank) AS rank,
        18446744073709551615 - (max((rank >> 54)::UHUGEINT << 64 | (18446744073709551615 - meaning)) & 18446744073709551615)::UBIGINT AS one,
        (max((rank >> 54)::UHUGEINT << 64 | meaning) & 18446744073709551615)::UBIGINT AS other
    FROM fact_proposal
    WHERE fact NOT IN ('tissue_status', 'is_control')
    GROUP BY sample_id, fact
),
beside AS MATERIALIZED (
    SELECT said.sample_id, said.rank, said.meaning AS finer, unnest([best.one, best.other]) AS coarser
    FROM fact_proposal AS said JOIN best USING (sample_id, fact)
    WHERE fact = 'disease' AND (said.meaning <> best.one OR best.one <> best.other)
),
above AS MATERIALIZED (
    SELECT hash(term_id) AS finer, hash(above_id) AS coarser FROM disease_above
),
finer AS (
    SELECT sample_id, 'disease' AS fact, max(rank) AS rank
    FROM beside JOIN above USING (finer, coarser)
    GROUP BY sample_id
)
SELECT sample_id, fact, coalesce(finer.rank, best.rank) AS rank
FROM best LEFT JOIN finer USING (sample_id, fact)
WHERE best.one = best.other OR finer.rank IS NOT NULL OR fact = 'treatment';
