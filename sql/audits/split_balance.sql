-- split_balance: how many samples and groups of each tissue stand in each part, and what is missing?
WITH part AS (
    SELECT
        tissue,
        count(*) AS n_samples,
        count(DISTINCT group_id) AS n_groups,
        count_if(split = 'train') AS train,
        count_if(split = 'validation') AS validation,
        count_if(split = 'test') AS test,
        count(DISTINCT group_id) FILTER (split = 'train') AS train_groups,
        count(DISTINCT group_id) FILTER (split = 'validation') AS validation_groups,
        count(DISTINCT group_id) FILTER (split = 'test') AS test_groups
    FROM kept
    WHERE tissue <> ''
    GROUP BY tissue
)

SELECT
    *,
    round(test / n_samples, 3) AS test_share,
    concat_ws(', ', if(train = 0, 'no train', NULL), if(validation = 0, 'no validation', NULL), if(test = 0, 'no test', NULL)) AS missing
FROM part
ORDER BY n_samples DESC, tissue ASC;
