-- fact_hit: one row per fact and place of a text where a phrase states it and no longer one covers it; a phrase that is
-- blocked hides what lies inside it. Denied words ("no cancer", "disease free") state nothing.
CREATE OR REPLACE TEMP TABLE fact_hit AS
WITH split AS (
    SELECT text_id, field, string_split(normalised, ' ') AS tokens
    FROM text WHERE field IN (SELECT fact_weight.field FROM fact_weight)
),
word AS (
    SELECT
        text_id, field, tokens, unnest(tokens) AS head, unnest(list_concat(tokens[2:], [''])) AS follower,
        unnest(range(1, len(tokens) + 1)) AS position
    FROM split
),
ngram AS (
    SELECT text_id, field, tokens, position, 1 AS n_tokens, head AS phrase
    FROM word SEMI JOIN (SELECT head FROM fact_start WHERE follower IS NULL) AS single USING (head)
    UNION ALL
    SELECT text_id, field, tokens, position, n_tokens, array_to_string(tokens[position:position + n_tokens - 1], ' ')
    FROM (SELECT word.*, unnest(fact_start.lengths) AS n_tokens FROM word JOIN fact_start USING (head, follower))
    WHERE position + n_tokens - 1 <= len(tokens)
),
meant AS (
    SELECT
        ngram.text_id, ngram.field, ngram.position, fact_phrase.* EXCLUDE (phrase, is_whole, fields),
        list_position(tokens, '|') AS bar, tokens[position + ngram.n_tokens] AS after,
        CASE WHEN position > 1 THEN tokens[position - 1] END AS before
    FROM ngram JOIN fact_phrase ON ngram.phrase = fact_phrase.phrase AND NOT fact_phrase.is_whole
    WHERE fields IS NULL OR list_contains(fields, ngram.field)
)
SELECT *
FROM meant
QUALIFY coalesce(max(position + n_tokens) OVER (
    PARTITION BY text_id, fact ORDER BY position ASC, n_tokens DESC, precedence ASC, rule ASC
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
), 0) < position + n_tokens;
