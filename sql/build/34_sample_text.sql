-- sample_text: one row per sample and text that speaks about it.
CREATE OR REPLACE TABLE sample_text AS
WITH described AS (
    SELECT sample_id, md5_number_lower(characteristics) AS string_id, text_id, field
    FROM sample JOIN piece ON md5_number_lower('description: ' || description) = piece.string_id
)
SELECT sample_id, md5_number_lower('title' || chr(31) || title) AS text_id, 'title' AS field
FROM sample WHERE title <> ''
UNION ALL
SELECT sample_id, md5_number_lower('source_name' || chr(31) || source_name), 'source_name'
FROM sample WHERE source_name <> ''
UNION ALL
SELECT sample_id, md5_number_lower('description' || chr(31) || description), 'description'
FROM sample WHERE description <> ''
UNION ALL
SELECT sample_id, text_id, field FROM sample JOIN piece ON md5_number_lower(characteristics) = piece.string_id
UNION ALL
SELECT sample_id, text_id, field FROM described ANTI JOIN piece USING (string_id, text_id);
