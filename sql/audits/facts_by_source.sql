-- facts_by_source: of how many samples of each source is each fact stated, and how many distinct values does it have?
WITH total AS (SELECT source, count(*) AS n_samples FROM sample GROUP BY source)
SELECT
    total.source, fact.fact, count(*) AS n_stated, total.n_samples,
    round(count(*) / total.n_samples, 3) AS coverage,
    count(DISTINCT coalesce(fact.ontology_term_id, fact.value)) AS n_values,
    mode(fact.value) AS most_frequent
FROM fact
INNER JOIN sample USING (sample_id)
INNER JOIN total USING (source)
GROUP BY total.source, total.n_samples, fact.fact
ORDER BY total.source ASC, n_stated DESC, fact.fact ASC;
