-- shape_place: one row per place of a shape where the words of a phrase may stand, of the lexicon or of a fact, with
-- the words around it; a phrase with a number must still be compared with each text. A bar divides a text from its
-- unglued form; n_words are those before it.
CREATE OR REPLACE TEMP TABLE shape_place AS
WITH split AS (
    SELECT
        shape_id, any_value(field) AS field, string_split(any_value(normalised), ' ') AS tokens,
        string_split(regexp_replace(any_value(normalised), '[0-9]+', '0', 'g'), ' ') AS shaped,
        list_position(tokens, '|') AS bar, coalesce(bar - 1, len(tokens)) AS n_words,
        any_value(field) IN ('source_name', 'cell_type', 'tissue') AND list_has_any(tokens, ['cell', 'cells'])
            AS says_cells
    FROM text_shape GROUP BY shape_id
),
word AS (
    SELECT
        split.*, unnest(shaped) AS head, unnest(list_concat(shaped[2:], [''])) AS follower,
        unnest(range(1, len(shaped) + 1)) AS position
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
    SELECT
        * EXCLUDE (shaped, head, follower), tokens[position + n_tokens] AS after,
        CASE WHEN position > 1 THEN tokens[position - 1] END AS before,
        if(n_tokens = 1, head, array_to_string(shaped[position:position + n_tokens - 1], ' ')) AS phrase
    FROM begun WHERE position + n_tokens - 1 <= len(tokens)
),
known AS (SELECT shape AS phrase, bool_and(is_before_cells) AS is_before_cells FROM phrase_shape GROUP BY shape)
SELECT worded.*, contains(phrase, '0') AS has_number
FROM worded JOIN known USING (phrase)
WHERE NOT is_before_cells OR field = 'cell_line' OR after IN ('cell', 'cells', 'line', 'lines');
