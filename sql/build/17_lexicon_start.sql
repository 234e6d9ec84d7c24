-- lexicon_start: first and second words of phrases, with the lengths of the phrases that they begin; most places of a text begin none.
CREATE OR REPLACE TABLE lexicon_start AS
SELECT string_split(phrase, ' ')[1] AS head, CASE WHEN n_tokens > 1 THEN string_split(phrase, ' ')[2] END AS follower, list_sort(list(DISTINCT n_tokens)) AS lengths
FROM lexicon
WHERE needs <> 'key'
GROUP BY head, follower;
