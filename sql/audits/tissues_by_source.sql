-- tissues_by_source: where do the samples of each tissue come from, before and after the cap, and how many are tumours?
SELECT
    if(candidate.tissue = '', '(unlabelled)', candidate.tissue) AS tissue,
    sample.source,
    count(*) AS n_before_cap,
    count(kept.sample_id) AS n_kept,
    count(*) FILTER (sample_fact.is_tumour) AS n_tumour,
    count_if(sample_fact.is_tumour IS NULL) AS n_tumour_unknown,
    count(DISTINCT candidate.group_id) AS n_groups
FROM candidate
INNER JOIN sample USING (sample_id)
LEFT JOIN sample_fact USING (sample_id)
LEFT JOIN kept USING (sample_id)
GROUP BY candidate.tissue, sample.source
ORDER BY tissue, sample.source;
