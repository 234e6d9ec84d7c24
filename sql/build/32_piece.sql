-- piece: one row per string that holds keys and text in it, by the number of the string: the strings are far fewer than
-- the samples. Descriptions of the array years hold keys as well ("Primary Site: Ovary"), and a key may name the
-- disease itself ("breast cancer patient: 12").
CREATE OR REPLACE TEMP TABLE piece AS
WITH described AS (
    SELECT DISTINCT
        text_number('description: ' || description) AS string_id,
        trim(regexp_extract(description, '(?i)\b(?:primary site|tissue of origin|organ)\s*:\s*([^:.;]{2,60})', 1))
            AS text
    FROM sample WHERE regexp_matches(description, '(?i)\b(?:primary site|tissue of origin|organ)\s*:')
),
pair_text AS (
    SELECT pair, field, text FROM pair_field WHERE field <> 'ignored'
    UNION
    SELECT pair, 'disease', key FROM pair_field WHERE regexp_matches(lower(key), $disease_key)
),
numbered AS (
    SELECT pair, field, text, text_number(field || chr(31) || text) AS text_id FROM pair_text WHERE text <> ''
)
SELECT string_id, text_id, any_value(field) AS field, any_value(text) AS text
FROM characteristics_pair JOIN numbered USING (pair)
GROUP BY string_id, text_id
UNION ALL
SELECT string_id, text_number('origin' || chr(31) || text), 'origin', text FROM described WHERE text <> '';
