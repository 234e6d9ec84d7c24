-- hit: one row per place of a reading where a phrase is believed and no longer one covers it. "prostate cancer cells
-- (PC-3)": an ambiguous name of a line is believed where the same text names the organ that the line comes from;
-- elsewhere it may be one (`perhaps`), for the rest of the sample to tell. MCF7-Luc is known to Cellosaurus only, the
-- MCF7 inside it to us: the name that a curator knows speaks.
CREATE OR REPLACE TEMP TABLE hit AS
WITH organ AS (SELECT DISTINCT reading_id, tissue FROM meaning WHERE verdict = 'map'),
holding AS (
    SELECT DISTINCT known.reading_id, known.position, known.n_tokens
    FROM meaning AS known JOIN meaning AS inside ON known.reading_id = inside.reading_id
    WHERE known.precedence = 6 AND inside.precedence = 2
        AND inside.position BETWEEN known.position AND known.position + known.n_tokens - 1
),
believed AS (
    SELECT meaning.* EXCLUDE (is_sure, is_faint) REPLACE (
        CASE WHEN is_sure OR (organ.reading_id IS NOT NULL AND NOT is_faint) THEN verdict ELSE 'perhaps' END AS verdict
    )
    FROM meaning LEFT JOIN organ ON meaning.reading_id = organ.reading_id AND meaning.tissue = organ.tissue
    ANTI JOIN holding
        ON meaning.reading_id = holding.reading_id AND meaning.position = holding.position
            AND meaning.n_tokens = holding.n_tokens AND meaning.precedence = 6
)
FROM believed
QUALIFY coalesce(
    max(position + n_tokens) OVER (
        PARTITION BY reading_id ORDER BY position ASC, n_tokens DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0
) < position + n_tokens;
