-- piece: one row per sample and text that may speak about it.
-- Descriptions of the array years hold keys as well ("Primary Site: Ovary"), and a key may name the disease itself
-- ("breast cancer patient: 12").
CREATE OR REPLACE TEMP TABLE piece AS
SELECT sample_id, 'title' AS field, title AS text FROM sample WHERE title <> ''
UNION ALL
SELECT sample_id, 'source_name', source_name FROM sample WHERE source_name <> ''
UNION ALL
SELECT sample_id, 'description', description FROM sample WHERE description <> ''
UNION ALL
SELECT
    sample_id, 'origin',
    trim(regexp_extract(description, '(?i)\b(?:primary site|tissue of origin|organ)\s*:\s*([^:.;]{2,60})', 1))
FROM sample WHERE regexp_matches(description, '(?i)\b(?:primary site|tissue of origin|organ)\s*:')
UNION ALL
SELECT sample.sample_id, pair_field.field, pair_field.text
FROM sample JOIN characteristics_pair USING (characteristics) JOIN pair_field USING (pair)
WHERE pair_field.field <> 'ignored' AND pair_field.text <> ''
UNION ALL
SELECT sample.sample_id, 'disease', pair_field.key
FROM sample JOIN characteristics_pair USING (characteristics) JOIN pair_field USING (pair)
WHERE regexp_matches(lower(pair_field.key), $disease_key);
