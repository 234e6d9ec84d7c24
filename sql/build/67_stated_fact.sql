-- stated_fact: one row per sample and other fact: the statement of the most trusted field. A disease that another field
-- names more exactly is that one ("cancer" under a key, "lung adenocarcinoma" in the title). Two statements of the same
-- trust that contradict each other state nothing, unless one of them is finer.
-- Why `beside` is made first: joined to the kinds of "cancer" before the sample, a tenth of the rows takes ten times as
-- long.
CREATE OR REPLACE TEMP TABLE stated_fact AS
WITH trusted AS (
    SELECT sample_number, fact, rank, (rank >> 82) << 64 AS trust, meaning
    FROM fact_proposal
    WHERE fact NOT IN ('tissue_status', 'is_control')
),
ranked AS (  -- of the most trusted statements the first and the last meaning, each in one number with the trust
    SELECT
        sample_number, fact, max(rank) AS rank, max(trust | (18446744073709551615 - meaning)) AS first_meaning,
        max(trust | meaning) AS last_meaning
    FROM trusted GROUP BY sample_number, fact
),
best AS MATERIALIZED (
    SELECT
        sample_number, fact, rank, 18446744073709551615 - (first_meaning & 18446744073709551615)::UBIGINT AS one,
        (last_meaning & 18446744073709551615)::UBIGINT AS other
    FROM ranked
),
beside AS MATERIALIZED (
    SELECT said.sample_number, said.rank, said.meaning AS finer, unnest([best.one, best.other]) AS coarser
    FROM fact_proposal AS said JOIN best USING (sample_number, fact)
    WHERE fact = 'disease' AND (said.meaning <> best.one OR best.one <> best.other)
),
above AS MATERIALIZED (
    SELECT hash(term_id) AS finer, hash(above_id) AS coarser FROM disease_above
),
finer AS (
    SELECT sample_number, 'disease' AS fact, max(rank) AS rank
    FROM beside JOIN above USING (finer, coarser)
    GROUP BY sample_number
)
SELECT sample_number, fact, coalesce(finer.rank, best.rank) AS rank
FROM best LEFT JOIN finer USING (sample_number, fact)
WHERE best.one = best.other OR finer.rank IS NOT NULL OR fact = 'treatment';
