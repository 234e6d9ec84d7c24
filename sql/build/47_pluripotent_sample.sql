-- pluripotent_sample: one row per sample whose cells are pluripotent themselves: its texts name pluripotent cells that
-- nothing was made from, and no cell that they were turned into. What else they name is where the cells came from.
CREATE OR REPLACE TEMP TABLE pluripotent_sample AS
WITH pluripotent AS (
    SELECT text_id FROM evidence
    WHERE kind = 'pluripotent' AND role <> 'origin' AND field NOT IN ('cell_line', 'origin', 'description', 'other')
),
suspect AS (SELECT DISTINCT sample_id FROM sample_text SEMI JOIN pluripotent USING (text_id)),
turned AS (
    SELECT sample_text.sample_id
    FROM sample_text JOIN suspect USING (sample_id) JOIN evidence ON sample_text.text_id = evidence.text_id
    WHERE evidence.verdict = 'map' AND evidence.role = 'sample' AND evidence.tissue <> 'fibroblast'
        AND CASE evidence.field
            WHEN 'cell_type' THEN evidence.kind IN ('cell', 'mobile', 'culture')
            ELSE evidence.kind = 'cell' AND evidence.field <> 'description'
        END
    UNION
    SELECT sample_text.sample_id
    FROM sample_text JOIN suspect USING (sample_id) JOIN text USING (text_id)
    WHERE text.field <> 'description' AND regexp_matches(text.normalised, $turned)
)
SELECT sample_id FROM suspect ANTI JOIN turned USING (sample_id);
