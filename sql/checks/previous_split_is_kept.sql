-- previous_split_is_kept: a sample that an earlier release has placed stands in the same part, or left with a reason.
SELECT split.sample_id, previous_split.split AS split_before, split.split AS split_now
FROM split
INNER JOIN previous_split USING (sample_id)
WHERE split.split <> previous_split.split AND split.split <> 'unlabelled'
ORDER BY split.sample_id;
