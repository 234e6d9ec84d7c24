-- hit: one row per place of a text where a phrase is believed and no longer one covers it. "prostate cancer cells
-- (PC-3)": an ambiguous name of a line is believed where the same text names the organ that the line comes from.
-- MCF7-Luc is known to Cellosaurus only, the MCF7 inside it to us: the name that a curator knows speaks.
CREATE OR REPLACE TABLE hit AS
WITH believed AS (
    SELECT * EXCLUDE (is_sure) FROM meaning
    WHERE (
        is_sure OR (text_id, tissue) IN (
            SELECT (organ.text_id, organ.tissue) FROM meaning AS organ WHERE organ.verdict = 'map'
        )
    )
    AND NOT (precedence = 6 AND EXISTS (
        SELECT 1 FROM meaning AS inside
        WHERE inside.text_id = meaning.text_id AND inside.precedence = 2
            AND inside.position BETWEEN meaning.position AND meaning.position + meaning.n_tokens - 1
    ))
)
FROM believed
QUALIFY coalesce(
    max(position + n_tokens) OVER (
        PARTITION BY text_id ORDER BY position ASC, n_tokens DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0
) < position + n_tokens;
