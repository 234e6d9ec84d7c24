-- ngram: one row per place of a text where the words of a phrase stand, of the lexicon or of a fact, with the words
-- around it. A bar divides a text from its unglued form; n_words are those before it.
CREATE OR REPLACE TEMP TABLE ngram AS
WITH split AS (
    SELECT
        text_id, field, string_split(normalised, ' ') AS tokens, list_position(tokens, '|') AS bar,
        coalesce(bar - 1, len(tokens)) AS n_words,
        field IN ('source_name', 'cell_type', 'tissue') AND list_has_any(tokens, ['cell', 'cells']) AS says_cells
    FROM text
),
word AS (
    SELECT
        split.*, unnest(tokens) AS head, unnest(list_concat(tokens[2:], [''])) AS follower,
        unnest(range(1, len(tokens) + 1)) AS position
    FROM split
),
begun AS (
    SELECT word.*, unnest(list_concat(coalesce(single.lengths, []), coalesce(longer.lengths, []))) AS n_tokens
    FROM word
    LEFT JOIN (SELECT head, lengths FROM phrase_start WHERE follower IS NULL) AS single ON word.head = single.head
    LEFT JOIN phrase_start AS longer ON word.head = longer.head AND word.follower = longer.follower
    WHERE single.head IS NOT NULL OR longer.head IS NOT NULL
),
worded AS (
    SELECT *, if(n_tokens = 1, head, array_to_string(tokens[position:position + n_tokens - 1], ' ')) AS phrase
    FROM begun WHERE position + n_tokens - 1 <= len(tokens)
)
SELECT
    text_id, field, position, n_tokens, phrase, tokens[position + n_tokens] AS after,
    tokens[position + n_tokens + 1] AS after_next, CASE WHEN position > 1 THEN tokens[position - 1] END AS before,
    bar, n_words, says_cells
FROM worded
WHERE phrase IN (SELECT lexicon.phrase FROM lexicon)
    OR phrase IN (SELECT fact_phrase.phrase FROM fact_phrase WHERE NOT is_whole);
