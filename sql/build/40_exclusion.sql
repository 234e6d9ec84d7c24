-- exclusion: one row per sample that leaves, at the first step that takes it out, with the reason.
-- Unlabelled samples are no exclusion: they are kept aside as the split `unlabelled`.
CREATE OR REPLACE TABLE exclusion AS
WITH licence AS (
    SELECT sample_id, 1 AS step, 'the licence of source ' || source || ' was not asked for' AS reason
    FROM sample
    WHERE NOT list_contains($allowed_sources, source)
),

linking AS (
    SELECT sample_id, 1 AS step, 'belongs to studies that the previous release holds in different parts' AS reason
    FROM linking_sample
),

single_cell AS (
    SELECT
        sample_id,
        2 AS step,
        'single-cell probability ' || round(single_cell_probability, 3) || ' is not below ' || $single_cell_threshold AS reason
    FROM sample
    WHERE single_cell_probability >= $single_cell_threshold
),

single_cell_text AS (
    SELECT sample_id, 2 AS step, 'the text says single cell: ' || single_cell_words AS reason
    FROM label
    WHERE single_cell_words IS NOT NULL
),

subset AS (
    SELECT sample_id, 3 AS step, 'not in the random subset of ' || $subset AS reason
    FROM sample
    ANTI JOIN single_cell USING (sample_id)
    ANTI JOIN single_cell_text USING (sample_id)
    ANTI JOIN licence USING (sample_id)
    ANTI JOIN linking USING (sample_id)
    WHERE source = 'archs4'
    QUALIFY row_number() OVER (ORDER BY md5($seed || 'subset' || sample_id), sample_id) > $subset
),

cell_line AS (
    SELECT
        label.sample_id,
        9 AS step,
        'cell line' || coalesce(': ' || label.cell_line, '')
        || if($cell_line_cap > 0, ', rank ' || row_number() OVER by_tissue || ' of its tissue is over ' || $cell_line_cap, '') AS reason
    FROM label
    ANTI JOIN single_cell USING (sample_id)
    ANTI JOIN single_cell_text USING (sample_id)
    ANTI JOIN subset USING (sample_id)
    ANTI JOIN licence USING (sample_id)
    ANTI JOIN linking USING (sample_id)
    WHERE label.is_cell_line
    WINDOW by_tissue AS (PARTITION BY label.tissue ORDER BY md5($seed || label.sample_id), label.sample_id)
    QUALIFY row_number() OVER by_tissue > $cell_line_cap
)

SELECT sample_id, step, reason
FROM (
    SELECT * FROM licence
    UNION ALL
    SELECT * FROM linking
    UNION ALL
    SELECT * FROM single_cell
    UNION ALL
    SELECT * FROM single_cell_text
    UNION ALL
    SELECT * FROM subset
    UNION ALL
    SELECT * FROM cell_line
)
QUALIFY row_number() OVER (PARTITION BY sample_id ORDER BY step, reason) = 1;
