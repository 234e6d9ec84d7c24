-- early_exclusion: one row per sample that leaves before the split, at the first step of the funnel that takes it out,
-- and why. Unlabelled samples are no exclusion: they are kept aside as the split `unlabelled`.
CREATE OR REPLACE TEMP TABLE early_exclusion AS
WITH unfit AS (
    SELECT sample_id, 1 AS step, 'the licence of source ' || source || ' was not asked for' AS reason
    FROM sample
    WHERE NOT list_contains($allowed_sources, source)
    UNION ALL
    SELECT sample_id, 1, 'belongs to studies that the previous release holds in different parts'
    FROM linking_sample
    UNION ALL
    SELECT
        sample_id, 2,
        'single-cell probability ' || round(single_cell_probability, 3) || ' is not below ' || $single_cell_threshold
    FROM sample
    WHERE single_cell_probability >= $single_cell_threshold
    UNION ALL
    SELECT sample_id, 2, 'the text says single cell: ' || single_cell_words
    FROM label
    WHERE single_cell_words IS NOT NULL
),

not_drawn AS (
    SELECT sample_id, 3 AS step, 'not in the random subset of ' || $subset AS reason
    FROM sample
    ANTI JOIN unfit USING (sample_id)
    WHERE source IN (SELECT source.source FROM source WHERE source.role = 'archive')
    QUALIFY row_number() OVER (ORDER BY md5($seed || 'subset' || sample_id), sample_id) > $subset
),

cell_line AS (
    SELECT
        label.sample_id,
        9 AS step,
        'cell line' || coalesce(': ' || label.cell_line, '')
        || if(
            $cell_line_cap > 0,
            ', rank ' || row_number() OVER by_tissue || ' of its tissue is over ' || $cell_line_cap, ''
        ) AS reason
    FROM label
    ANTI JOIN unfit USING (sample_id)
    ANTI JOIN not_drawn USING (sample_id)
    WHERE label.is_cell_line
    WINDOW by_tissue AS (PARTITION BY label.tissue ORDER BY md5($seed || label.sample_id), label.sample_id)
    QUALIFY row_number() OVER by_tissue > $cell_line_cap
)

SELECT sample_id, step, reason
FROM (
    FROM unfit
    UNION ALL
    FROM not_drawn
    UNION ALL
    FROM cell_line
)
QUALIFY row_number() OVER (PARTITION BY sample_id ORDER BY step, reason) = 1;
