-- phrase_start: one row per first and second word of phrases of the lexicon and of facts, with the lengths of the
-- phrases that they begin. Most places of a text begin none, so this small table is asked first.
CREATE OR REPLACE TABLE phrase_start AS
WITH phrase AS (
    SELECT phrase, n_tokens FROM lexicon WHERE needs <> 'key'
    UNION
    SELECT phrase, n_tokens FROM fact_phrase WHERE NOT is_whole
)
SELECT
    string_split(phrase, ' ')[1] AS head,
    CASE WHEN n_tokens > 1 THEN string_split(phrase, ' ')[2] END AS follower,
    list_sort(list(DISTINCT n_tokens)) AS lengths
FROM phrase
GROUP BY head, follower
ORDER BY head, follower;
