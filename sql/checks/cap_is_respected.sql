-- cap_is_respected: no class of the training part, nor the unlabelled, has more samples than the cap.
SELECT split, tissue, count(*) AS n_samples
FROM kept
WHERE split IN ('train', 'unlabelled')
GROUP BY split, tissue
HAVING count(*) > $cap
ORDER BY split, tissue;
