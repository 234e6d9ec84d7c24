-- funnel: one row per step, as the paper's Table 1; n_out = n_in + n_added - n_dropped - n_aside.
-- n_aside are samples without a class: they leave the labelled line, and those under the cap return in step 11 as the split `unlabelled`.
CREATE OR REPLACE TABLE funnel AS
WITH fate AS (
    SELECT
        sample.sample_id,
        if(sample.source IN ('archs4', 'tcga', 'gtex', 'depmap'), sample.source, 'other sources') AS source,
        coalesce(exclusion.step, 0) AS excluded_at,
        coalesce(label.tissue, '') = '' AS is_unlabelled
    FROM sample
    LEFT JOIN exclusion USING (sample_id)
    LEFT JOIN label USING (sample_id)
),

step AS (
    SELECT 1 AS step, 'samples of archs4' AS operation, count_if(source = 'archs4') AS n_added, count_if(source = 'archs4' AND excluded_at = 1) AS n_dropped, 0 AS n_aside FROM fate
    UNION ALL
    SELECT 2, 'bulk only: single-cell probability < ' || $single_cell_threshold, 0, count_if(source = 'archs4' AND excluded_at = 2), 0 FROM fate
    UNION ALL
    SELECT 3, 'random subset: ' || coalesce($subset::VARCHAR, 'all'), 0, count_if(source = 'archs4' AND excluded_at = 3), 0 FROM fate
    UNION ALL
    SELECT 4, 'free text to UBERON: unlabelled set aside', 0, 0, count_if(source = 'archs4' AND is_unlabelled AND excluded_at NOT IN (1, 2, 3)) FROM fate
    UNION ALL
    SELECT
        further.step,
        '+ ' || further.source,
        count(fate.sample_id),
        count(*) FILTER (fate.excluded_at IN (1, 2, 3)),
        count(*) FILTER (fate.is_unlabelled AND fate.excluded_at NOT IN (1, 2, 3))
    FROM (VALUES (5, 'tcga'), (6, 'gtex'), (7, 'depmap'), (8, 'other sources')) AS further (step, source)
    LEFT JOIN fate USING (source)
    GROUP BY further.step, further.source
    UNION ALL
    SELECT 9, 'cell lines out: at most ' || coalesce($cell_line_cap::VARCHAR, 'all') || ' per tissue', 0, count_if(excluded_at = 9 AND NOT is_unlabelled), 0 FROM fate
    UNION ALL
    SELECT 10, 'cap per tissue of the training part: ' || coalesce($cap::VARCHAR, 'none'), 0, count_if(excluded_at = 10 AND NOT is_unlabelled), 0 FROM fate
    UNION ALL
    SELECT 11, 'export: unlabelled samples return', count_if(is_unlabelled AND excluded_at = 0), 0, 0 FROM fate
)

SELECT
    step,
    operation,
    coalesce(sum(n_added - n_dropped - n_aside) OVER before, 0)::BIGINT AS n_in,
    n_added::BIGINT AS n_added,
    n_dropped::BIGINT AS n_dropped,
    n_aside::BIGINT AS n_aside,
    sum(n_added - n_dropped - n_aside) OVER (ORDER BY step)::BIGINT AS n_out
FROM step
WINDOW before AS (ORDER BY step ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
ORDER BY step;
