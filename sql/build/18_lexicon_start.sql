-- lexicon_start: one row per first and second word of phrases, with the lengths of the phrases that they begin.
-- Most places of a text begin none, so this small table is asked first.
CREATE OR REPLACE TABLE lexicon_start AS
SELECT
    string_split(phrase, ' ')[1] AS head,
    CASE WHEN n_tokens > 1 THEN string_split(phrase, ' ')[2] END AS follower,
    list_sort(list(DISTINCT n_tokens)) AS lengths
FROM lexicon
WHERE needs <> 'key'
GROUP BY head, follower
ORDER BY head, follower;
