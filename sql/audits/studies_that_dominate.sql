-- studies_that_dominate: which study or donor holds more than a tenth of the labelled samples of a tissue?
-- A tissue that one study dominates is learned as that study's laboratory; see the share in the training part beside it.
WITH member AS (
    SELECT
        tissue,
        group_id,
        count(*) AS n_samples,
        count_if(split = 'train') AS n_train,
        any_value(split) AS split,
        string_agg(DISTINCT source, ', ' ORDER BY source) AS sources
    FROM kept
    WHERE tissue <> ''
    GROUP BY tissue, group_id
),

ranked AS (
    SELECT
        *,
        n_samples / sum(n_samples) OVER (PARTITION BY tissue) AS share,
        n_train / nullif(sum(n_train) OVER (PARTITION BY tissue), 0) AS share_of_train
    FROM member
)

SELECT
    tissue,
    group_id,
    sources,
    split,
    n_samples,
    round(share, 3) AS share,
    round(share_of_train, 3) AS share_of_train
FROM ranked
WHERE share > 0.1
ORDER BY share DESC, tissue ASC, group_id ASC;
