-- fact_provenance: by which field and rule was each fact read, how often, and from which words?
SELECT fact, value, decided_by, rule, count(*) AS n_samples, min(matched_text) AS example
FROM fact
GROUP BY fact, value, decided_by, rule
ORDER BY fact ASC, n_samples DESC, value ASC, decided_by ASC, rule ASC
LIMIT 500;
