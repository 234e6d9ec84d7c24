-- exclusion: one row per sample that is not in the matrix: what left before the split, and what is over the cap of its
-- class (step 10), and what was read and is too shallow (step 11).
CREATE OR REPLACE TABLE exclusion AS
SELECT sample_id, step, reason FROM early_exclusion
UNION ALL
SELECT
    draw.sample_id,
    10 AS step,
    concat(
        'rank ', draw.cap_rank, ' of ', if(draw.tissue = '', 'unlabelled', draw.tissue), ' is over the cap of ', $cap
    ) AS reason
FROM draw
ANTI JOIN kept USING (sample_id)
ANTI JOIN shallow_sample USING (sample_id)
UNION ALL
SELECT sample_id, 11, reason FROM shallow_sample;
