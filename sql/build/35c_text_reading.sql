-- text_reading: one row per text with the number of its reading. Texts of one shape in which the same phrases with
-- numbers stand read alike: whatever follows from their words is found out once.
CREATE OR REPLACE TEMP TABLE text_reading AS
WITH numbered AS (
    SELECT
        text_id, position, n_tokens, if(
            n_tokens = 1, split_part(normalised, ' ', position),
            array_to_string(string_split(normalised, ' ')[position:position + n_tokens - 1], ' ')
        ) AS phrase
    FROM shape_place JOIN text_shape USING (shape_id)
    WHERE has_number
),
number_hit AS (
    SELECT text_id, list({ 'at': position, 'n': n_tokens, 'phrase': phrase } ORDER BY position, n_tokens) AS numbers
    FROM numbered SEMI JOIN phrase_shape USING (phrase)
    GROUP BY text_id
)
SELECT text_id, field, shape_id, numbers, if(numbers IS NULL, shape_id, hash(shape_id, numbers)) AS reading_id
FROM text_shape LEFT JOIN number_hit USING (text_id);
