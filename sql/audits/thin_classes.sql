-- thin_classes: which tissues are too thin to be learned or judged, and in what way?
-- One row a tissue and fault: a score of such a tissue says little, whatever the model.
WITH member AS (
    SELECT
        kept.tissue,
        kept.group_id,
        any_value(kept.split) AS split,
        count(*) AS n_samples
    FROM kept
    WHERE kept.tissue <> ''
    GROUP BY kept.tissue, kept.group_id
),

class AS (
    SELECT
        tissue,
        sum(n_samples) AS n_samples,
        count(*) AS n_groups,
        coalesce(sum(n_samples) FILTER (split = 'train'), 0) AS n_train,
        coalesce(sum(n_samples) FILTER (split = 'validation'), 0) AS n_validation,
        coalesce(sum(n_samples) FILTER (split = 'test'), 0) AS n_test,
        max(n_samples) AS n_largest,
        arg_max(group_id, (n_samples, group_id)) AS largest
    FROM member
    GROUP BY tissue
)

SELECT
    tissue,
    fault,
    n_samples,
    n_train,
    n_test,
    n_groups,
    if(fault = 'one study or donor holds most of it', largest, '') AS group_id
FROM (
    SELECT *, unnest([
        if(n_train = 0, 'no training sample: it cannot be learned', NULL),
        if(n_test = 0, 'no test sample: it is never judged', NULL),
        if(n_validation = 0, 'no validation sample: no choice is made for it', NULL),
        if(n_train BETWEEN 1 AND 9, 'fewer than 10 training samples', NULL),
        if(n_test BETWEEN 1 AND 4, 'fewer than 5 test samples: its score is coarse', NULL),
        if(n_groups = 1, 'one study or donor only', NULL),
        if(n_groups > 1 AND n_largest > 0.5 * n_samples, 'one study or donor holds most of it', NULL)
    ]) AS fault
    FROM class
)
WHERE fault IS NOT NULL
ORDER BY n_samples ASC, tissue ASC, fault ASC;
