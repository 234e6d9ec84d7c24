-- fact_start: one row per first and second word of phrases that state a fact, with the lengths of the phrases that they
-- begin.
CREATE OR REPLACE TABLE fact_start AS
SELECT
    string_split(phrase, ' ')[1] AS head,
    CASE WHEN n_tokens > 1 THEN string_split(phrase, ' ')[2] END AS follower,
    list_sort(list(DISTINCT n_tokens)) AS lengths
FROM fact_phrase
WHERE NOT is_whole
GROUP BY head, follower
ORDER BY head, follower;
