-- spoken_text: one row per sample and text that speaks about it. sample_number is the place of the sample in its table
-- (rowid): from here to the label and the facts samples are numbers, which are joined and grouped in a third of the
-- time that their names take.
CREATE OR REPLACE TABLE spoken_text AS
WITH described AS (
    SELECT sample.rowid AS sample_number, text_number(characteristics) AS string_id, text_id, field
    FROM sample JOIN piece ON text_number('description: ' || description) = piece.string_id
)
SELECT rowid AS sample_number, text_number('title' || chr(31) || title) AS text_id, 'title' AS field
FROM sample WHERE title <> ''
UNION ALL
SELECT rowid, text_number('source_name' || chr(31) || source_name), 'source_name'
FROM sample WHERE source_name <> ''
UNION ALL
SELECT rowid, text_number('description' || chr(31) || description), 'description'
FROM sample WHERE description <> ''
UNION ALL
SELECT sample.rowid, text_id, field FROM sample JOIN piece ON text_number(characteristics) = piece.string_id
UNION ALL
SELECT sample_number, text_id, field FROM described ANTI JOIN piece USING (string_id, text_id);
