-- text: one row per distinct string of a field, repaired and normalised once; the id does not depend on what else is
-- labelled. Words are read in the first $read_length characters (is_cut: there are more): matching costs the square of
-- a text's length.
CREATE OR REPLACE TABLE text AS
WITH string AS (
    SELECT DISTINCT 'title' AS field, title AS text FROM sample WHERE title <> ''
    UNION ALL
    SELECT DISTINCT 'source_name', source_name FROM sample WHERE source_name <> ''
    UNION ALL
    SELECT DISTINCT 'description', description FROM sample WHERE description <> ''
    UNION ALL
    SELECT any_value(field), any_value(text) FROM piece GROUP BY text_id
),
repair AS (
    SELECT
        text_number(field || chr(31) || text) AS text_id, field, text, length(text) > $read_length AS is_cut,
        repaired(left(text, $read_length)) AS repaired
    FROM string
)
SELECT text_id, field, text, is_cut, repaired, normalised(repaired) AS normalised FROM repair;
