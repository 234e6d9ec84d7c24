-- hit: one row per place of a text where a lexicon phrase stands and no longer phrase covers it.
CREATE OR REPLACE TABLE hit AS
WITH split AS (SELECT text_id, field, string_split(normalised, ' ') AS tokens FROM text),
word AS (SELECT text_id, unnest(tokens) AS head, unnest(range(1, len(tokens) + 1)) AS position FROM split),
start AS (SELECT word.text_id, word.position, unnest(lexicon_head.lengths) AS n_tokens FROM word JOIN lexicon_head USING (head)),
ngram AS (
    SELECT start.text_id, split.field, start.position, start.n_tokens, split.tokens, array_to_string(split.tokens[start.position:start.position + start.n_tokens - 1], ' ') AS phrase
    FROM start JOIN split USING (text_id)
    WHERE start.position + start.n_tokens - 1 <= len(split.tokens)
),
meant AS (
    SELECT
        ngram.text_id, ngram.field, ngram.position, ngram.n_tokens, ngram.phrase, lexicon.* EXCLUDE (phrase, head, n_tokens, fields, needs),
        ngram.tokens[ngram.position - 1] AS before, ngram.tokens[ngram.position + ngram.n_tokens] AS after, ngram.tokens[ngram.position + ngram.n_tokens + 1] AS after_next,
        coalesce(list_position(ngram.tokens, '|') - 1, len(ngram.tokens)) AS n_words, list_position(ngram.tokens, '|') AS bar,
        coalesce(after IN ('cell', 'cells', 'line', 'lines'), false) AS is_before_cells, coalesce(ngram.position < bar, true) AS is_as_written
    FROM ngram JOIN lexicon USING (phrase)
    WHERE (lexicon.fields IS NULL OR list_contains(lexicon.fields, ngram.field))
        AND CASE lexicon.needs
            WHEN 'anywhere' THEN true
            WHEN 'whole' THEN ngram.field IN ('tissue', 'cell_type', 'origin') AND ngram.position = 1 AND ngram.n_tokens = n_words
            WHEN 'key' THEN ngram.field = 'cell_line' AND n_words = ngram.n_tokens
            WHEN 'cells' THEN is_as_written AND (ngram.field = 'cell_line' OR is_before_cells)
            ELSE is_as_written AND (ngram.field = 'cell_line' OR is_before_cells OR (n_words = ngram.n_tokens AND ngram.field IN ('source_name', 'cell_type', 'tissue'))) END
),
chosen AS (
    SELECT * FROM meant
    QUALIFY row_number() OVER (PARTITION BY text_id, position, n_tokens ORDER BY precedence, verdict, term_id, rule_id, synonym) = 1
)
SELECT * FROM chosen
QUALIFY coalesce(max(position + n_tokens) OVER (PARTITION BY text_id ORDER BY position, n_tokens DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) < position + n_tokens;
