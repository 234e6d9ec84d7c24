-- exclusions_by_reason: at which step did samples of which source leave, and for what kind of reason?
SELECT
    exclusion.step,
    sample.source,
    regexp_replace(exclusion.reason, '\b[0-9][0-9.,]*\b', '#', 'g') AS reason,
    count(*) AS n_samples,
    min(exclusion.sample_id) AS example
FROM exclusion
INNER JOIN sample USING (sample_id)
GROUP BY exclusion.step, sample.source, regexp_replace(exclusion.reason, '\b[0-9][0-9.,]*\b', '#', 'g')
ORDER BY exclusion.step ASC, n_samples DESC, sample.source ASC, reason ASC;
