-- kept_licences_are_allowed: every sample of the matrix comes from a source whose licence was asked for.
SELECT source, count(*) AS n_samples
FROM kept
WHERE NOT list_contains($allowed_sources, source)
GROUP BY source
ORDER BY source;
