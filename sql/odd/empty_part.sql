-- a part without any sample: nothing can be trained, chosen or tested on it.
SELECT
    'there are no ' || part.split || ' samples' AS what,
    'bring more studies or donors with a tissue (three of each class), or fewer exclusions' AS advice
FROM (VALUES ('train'), ('validation'), ('test')) AS part (split) ANTI JOIN kept USING (split);
