-- facts_by_source: of how many samples of each source is each fact stated, and how many distinct values does it have?
WITH total AS (SELECT source, count(*) AS n_samples FROM sample GROUP BY source),

stated AS (
    SELECT sample.source, fact.fact, fact.value, fact.ontology_term_id, count(*) AS n
    FROM fact
    INNER JOIN sample USING (sample_id)
    GROUP BY sample.source, fact.fact, fact.value, fact.ontology_term_id
)

SELECT
    total.source, stated.fact, sum(stated.n)::BIGINT AS n_stated, total.n_samples,
    round(sum(stated.n) / total.n_samples, 3) AS coverage,
    count(DISTINCT coalesce(stated.ontology_term_id, stated.value)) AS n_values,
    first(stated.value ORDER BY stated.n DESC, stated.value ASC) AS most_frequent
FROM stated
INNER JOIN total USING (source)
GROUP BY total.source, total.n_samples, stated.fact
ORDER BY total.source ASC, n_stated DESC, stated.fact ASC;
