-- remade_sample: one row per sample whose cells are pluripotent (its texts name pluripotent cells that nothing was made
-- from, and no cell that they were turned into) or were made from such cells, with the tissues that they are now. What
-- else names an organ or a donor's cell is where they came from.
CREATE OR REPLACE TEMP TABLE remade_sample AS
WITH pluripotent AS (
    SELECT text_id FROM evidence
    WHERE verdict = 'map' AND kind = 'pluripotent' AND role <> 'origin'
        AND field NOT IN ('cell_line', 'origin', 'description', 'other')
),
made AS (
    SELECT DISTINCT cell.text_id, cell.tissue
    FROM evidence AS source JOIN evidence AS cell USING (text_id)
    WHERE source.kind = 'pluripotent' AND source.role = 'origin' AND source.field NOT IN ('description', 'other')
        AND cell.verdict = 'map' AND cell.role = 'sample' AND cell.kind IN ('cell', 'mobile')
),
fibroblast AS (
    SELECT closure.term_id FROM closure JOIN tissue ON closure.ancestor_id = tissue.root_id
    WHERE tissue.tissue = 'fibroblast'
),
suspect AS (SELECT DISTINCT sample_number FROM spoken_text SEMI JOIN pluripotent USING (text_id)),
turned AS (
    SELECT spoken_text.sample_number
    FROM spoken_text JOIN suspect USING (sample_number) JOIN evidence ON spoken_text.text_id = evidence.text_id
    WHERE evidence.verdict = 'map' AND evidence.role = 'sample'
        AND evidence.term_id NOT IN (FROM fibroblast)
        AND CASE evidence.field
            WHEN 'cell_type' THEN evidence.kind <> 'pluripotent'
            ELSE evidence.kind = 'cell' AND evidence.field <> 'description'
        END
    UNION
    SELECT spoken_text.sample_number
    FROM spoken_text JOIN suspect USING (sample_number) JOIN text USING (text_id)
    WHERE text.field <> 'description' AND regexp_matches(text.normalised, $turned)
),
tissue_now AS (
    SELECT sample_number, 'stem_cell' AS tissue FROM suspect ANTI JOIN turned USING (sample_number)
    UNION
    SELECT spoken_text.sample_number, made.tissue FROM spoken_text JOIN made USING (text_id)
)
SELECT sample_number, list(tissue ORDER BY tissue) AS tissues FROM tissue_now GROUP BY sample_number;
