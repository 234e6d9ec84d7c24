-- judged: one row per gold sample that has an accepted tissue: what was said, and whether it is right.
CREATE OR REPLACE TABLE judged AS
WITH answer AS (SELECT sample_id, list(tissue ORDER BY tissue) AS accepted FROM accepted GROUP BY sample_id),
curated AS (
    SELECT sample_id, string_agg(DISTINCT name, ' | ' ORDER BY name) AS gold
    FROM gold LEFT JOIN term_name USING (term_id) GROUP BY sample_id
)
SELECT
    sample.sample_id, sample.series_id, curated.gold, answer.accepted, coalesce(prediction.tissue, '') AS tissue,
    prediction.decided_by, prediction.field, prediction.matched_text, prediction.is_cell_line,
    coalesce(prediction.tissue, '') <> '' AS is_mapped, list_contains(answer.accepted, prediction.tissue) AS is_right,
    regexp_matches(
        concat_ws(' ', sample.title, sample.source_name, sample.characteristics, sample.description), $cell_line_text
    ) AS names_cell_line
FROM answer JOIN sample USING (sample_id) JOIN curated USING (sample_id) LEFT JOIN prediction USING (sample_id);
