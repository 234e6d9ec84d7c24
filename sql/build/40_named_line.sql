-- named_line: one row per text under a cell-line key that is taken as the name of a line.
-- It is one unless it says that there is none, or names a specimen, stem cells or primary cells instead.
CREATE OR REPLACE TEMP TABLE named_line AS
SELECT text_id, text.field, text FROM text JOIN text_reading USING (text_id)
WHERE text.field = 'cell_line' AND NOT regexp_matches(normalised, '^[0-9]{0,3}$')
    AND NOT EXISTS (
        FROM vocabulary
        WHERE list = 'no_cell_line' AND CASE vocabulary.match
            WHEN 'whole' THEN text.normalised = word
            WHEN 'first' THEN starts_with(text.normalised, word || ' ')
            WHEN 'start' THEN starts_with(text.normalised, word)
            ELSE contains(text.normalised, word)
        END
    )
    AND reading_id NOT IN (SELECT hit.reading_id FROM hit WHERE hit.field = 'cell_line' AND hit.kind = 'pluripotent')
    AND (contains(normalised, 'line') OR reading_id NOT IN (
        SELECT hit.reading_id FROM hit
        WHERE hit.field = 'cell_line' AND hit.kind IN ('mobile', 'culture', 'anatomy', 'cell')
    ));
