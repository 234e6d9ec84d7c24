-- cap_is_respected: no class of the training part, nor the unlabelled, has more samples than the cap.
SELECT split, class, count(*) AS n_samples
FROM kept
WHERE split IN ('train', 'unlabelled')
GROUP BY split, class
HAVING count(*) > $cap
ORDER BY split, class;
