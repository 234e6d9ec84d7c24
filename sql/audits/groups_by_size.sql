-- groups_by_size: which connected studies are largest, and by which shared samples or donors did they grow together?
SELECT
    sample_group.group_id,
    count(DISTINCT sample_group.sample_id) AS n_samples,
    count(DISTINCT sample_key.key) AS n_keys,
    string_agg(DISTINCT sample.source, ', ' ORDER BY sample.source) AS sources,
    left(string_agg(DISTINCT sample_key.key, ', ' ORDER BY sample_key.key), 120) AS keys,
    any_value(split.split) FILTER (split.split <> 'unlabelled') AS split
FROM sample_group
INNER JOIN sample USING (sample_id)
LEFT JOIN sample_key USING (sample_id)
LEFT JOIN split USING (sample_id)
GROUP BY sample_group.group_id
ORDER BY n_samples DESC, sample_group.group_id ASC;
