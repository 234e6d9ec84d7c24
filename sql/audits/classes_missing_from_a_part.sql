-- classes_missing_from_a_part: which tissues cannot be trained on, validated or tested, and why?
SELECT tissue, split AS missing_from, n_groups, reason
FROM missing_class
ORDER BY tissue, missing_from;
