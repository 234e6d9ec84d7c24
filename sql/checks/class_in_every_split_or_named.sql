-- class_in_every_split_or_named: a class without a training, validation or test sample stands in missing_class with the
-- reason.
WITH wanted AS (
    SELECT classes.tissue, parts.split
    FROM (SELECT DISTINCT class AS tissue FROM kept WHERE class <> '') AS classes
    CROSS JOIN (VALUES ('train'), ('validation'), ('test')) AS parts (split)
    WHERE NOT ($preset = 'paper' AND parts.split = 'validation')
)

SELECT wanted.tissue, wanted.split
FROM wanted
ANTI JOIN kept ON wanted.tissue = kept.class AND wanted.split = kept.split
ANTI JOIN missing_class USING (tissue, split)
ORDER BY wanted.tissue, wanted.split;
