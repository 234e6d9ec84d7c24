-- draw: one row per candidate with its rank in its part and class.
-- The order depends on seed and sample only: a larger cap keeps all samples of a smaller one, on any machine.
CREATE OR REPLACE TABLE draw AS
SELECT
    split.sample_id,
    split.group_id,
    split.split,
    candidate.tissue,
    candidate.term_id,
    row_number() OVER (
        PARTITION BY split.split, candidate.tissue ORDER BY md5($seed || split.sample_id), split.sample_id
    ) AS cap_rank
FROM split
INNER JOIN candidate USING (sample_id);
