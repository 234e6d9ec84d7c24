-- excluded_is_not_kept: what left the build with a reason is not in the matrix.
SELECT kept.sample_id, exclusion.step, exclusion.reason
FROM kept
INNER JOIN exclusion USING (sample_id)
ORDER BY kept.sample_id;
