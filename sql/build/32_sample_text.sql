-- sample_text: one row per sample and text that speaks about it.
CREATE OR REPLACE TABLE sample_text AS
WITH described AS (
    SELECT sample_id, text_number(characteristics) AS string_id, text_id, field
    FROM sample JOIN piece ON text_number('description: ' || description) = piece.string_id
)
SELECT sample_id, text_number('title' || chr(31) || title) AS text_id, 'title' AS field
FROM sample WHERE title <> ''
UNION ALL
SELECT sample_id, text_number('source_name' || chr(31) || source_name), 'source_name'
FROM sample WHERE source_name <> ''
UNION ALL
SELECT sample_id, text_number('description' || chr(31) || description), 'description'
FROM sample WHERE description <> ''
UNION ALL
SELECT sample_id, text_id, field FROM sample JOIN piece ON text_number(characteristics) = piece.string_id
UNION ALL
SELECT sample_id, text_id, field FROM described ANTI JOIN piece USING (string_id, text_id);
