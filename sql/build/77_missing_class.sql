-- missing_class: one row per class and part of the data that has no sample of it, with the reason.
CREATE OR REPLACE TABLE missing_class AS
WITH class AS (
    SELECT tissue, count(DISTINCT group_id) AS n_groups
    FROM draw
    WHERE tissue <> ''
    GROUP BY tissue
)

SELECT
    class.tissue,
    part.split,
    class.n_groups,
    CASE
        WHEN class.n_groups < 3
            THEN concat(
                'only ', class.n_groups, if(class.n_groups = 1, ' study or donor', ' studies or donors'),
                ', three are needed'
            )
        ELSE 'none of its ' || class.n_groups || ' studies or donors could be moved without taking it from another part'
    END AS reason
FROM class
CROSS JOIN (VALUES ('train'), ('validation'), ('test')) AS part (split)
ANTI JOIN kept ON class.tissue = kept.class AND part.split = kept.split
ORDER BY class.tissue, part.split;
