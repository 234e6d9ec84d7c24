-- phrase_start: one row per first and second word of the shapes of phrases, with the lengths of the phrases that they
-- begin. Most places of a text begin none, so this small table is asked first.
CREATE OR REPLACE TABLE phrase_start AS
SELECT
    string_split(shape, ' ')[1] AS head,
    CASE WHEN n_tokens > 1 THEN string_split(shape, ' ')[2] END AS follower,
    list_sort(list(DISTINCT n_tokens)) AS lengths
FROM phrase_shape
GROUP BY head, follower
ORDER BY head, follower;
