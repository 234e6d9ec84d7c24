-- fact_hit: one row per fact and place of a reading where a phrase states it and no longer one covers it; a phrase that
-- is blocked hides what lies inside it. Denied words ("no cancer", "disease free") state nothing.
CREATE OR REPLACE TEMP TABLE fact_hit AS
WITH meant AS (
    SELECT
        ngram.reading_id, ngram.field, ngram.position, fact_phrase.* EXCLUDE (phrase, is_whole, fields), bar, after,
        before
    FROM ngram JOIN fact_phrase ON ngram.phrase = fact_phrase.phrase AND NOT fact_phrase.is_whole
    WHERE ngram.field IN (SELECT fact_weight.field FROM fact_weight)
        AND (fields IS NULL OR list_contains(fields, ngram.field))
)
SELECT *
FROM meant
QUALIFY coalesce(max(position + n_tokens) OVER (
    PARTITION BY reading_id, fact ORDER BY position ASC, n_tokens DESC, precedence ASC, rule ASC
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
), 0) < position + n_tokens;
