-- same_counts_twice: which samples of the matrix have the same library size, number of genes and share of zeros, so that they are one sample filed twice?
-- `splits_differ`: the twins stand in different parts, which leaks.
SELECT
    string_agg(kept.sample_id, ', ' ORDER BY kept.sample_id) AS samples,
    string_agg(DISTINCT kept.source, ', ' ORDER BY kept.source) AS sources,
    string_agg(DISTINCT kept.group_id, ', ' ORDER BY kept.group_id) AS groups,
    string_agg(DISTINCT nullif(kept.tissue, ''), ', ' ORDER BY nullif(kept.tissue, '')) AS tissues,
    count(DISTINCT kept.split) > 1 AS splits_differ,
    quality.library_size,
    quality.n_genes_detected,
    count(*) AS n_samples
FROM quality
INNER JOIN kept USING (sample_id)
WHERE quality.library_size > 0
GROUP BY quality.library_size, quality.n_genes_detected, quality.fraction_zero
HAVING count(*) > 1
ORDER BY splits_differ DESC, n_samples DESC, samples ASC;
