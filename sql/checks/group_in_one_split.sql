-- group_in_one_split: a study or donor on both sides leaks into the test score.
-- The preset `paper` splits by sample and is exempt. Unlabelled samples stand aside from the three parts.
SELECT group_id, count(DISTINCT split) AS n_splits
FROM split
WHERE split <> 'unlabelled' AND $preset <> 'paper'
GROUP BY group_id
HAVING count(DISTINCT split) > 1
ORDER BY group_id;
