-- split: one row per candidate sample: train, validation or test by its group; `unlabelled` for those without a class.
-- Under the preset `paper` the split ignores groups: 85 % train and 15 % test of each tissue, drawn by sample (the
-- paper's way, which leaks studies into the test part; it is there for comparison only).
CREATE OR REPLACE TABLE split AS
WITH drawn AS (
    SELECT
        sample_id,
        group_id,
        tissue,
        row_number() OVER (PARTITION BY tissue ORDER BY md5($seed || 'split' || sample_id), sample_id) AS split_rank,
        count(*) OVER (PARTITION BY tissue) AS n_samples
    FROM candidate
)

SELECT
    drawn.sample_id,
    drawn.group_id,
    CASE
        WHEN drawn.tissue = '' THEN 'unlabelled'
        WHEN $preset = 'paper' THEN if(drawn.split_rank <= ceil(0.85 * drawn.n_samples), 'train', 'test')
        ELSE group_split.split
    END AS split
FROM drawn
LEFT JOIN group_split USING (group_id);
