-- funnel: one row per step, as the paper's Table 1; n_out = n_in + n_added - n_dropped - n_aside. n_aside are samples
-- without a class: they leave the labelled line, and those under the cap return in step 12 as the split `unlabelled`.
-- What archives bring is cleaned in steps 1 to 4; every other source enters at its funnel_step, cleaned and labelled.
CREATE OR REPLACE TABLE funnel AS
WITH fate AS (
    SELECT
        source.funnel_step,
        source.role = 'archive' AS is_archive,
        if(is_archive, exclusion.step, NULL) AS cleaned_at,
        coalesce(exclusion.step, 0) AS excluded_at,
        coalesce(label.tissue, '') = '' AS is_unlabelled,
        is_unlabelled AND excluded_at NOT IN (1, 2, 3) AS is_aside,
        if(is_unlabelled, NULL, exclusion.step) AS out_at
    FROM sample
    INNER JOIN source USING (source) LEFT JOIN exclusion USING (sample_id) LEFT JOIN label USING (sample_id)
),

entry AS (
    SELECT funnel_step, role = 'archive' AS is_archive, string_agg(source, ', ' ORDER BY source) AS names
    FROM source GROUP BY funnel_step, role = 'archive'
),

step AS (
    SELECT
        entry.funnel_step AS step,
        if(entry.is_archive, 'samples of ', '+ ') || if(entry.funnel_step = 8, 'other sources', names) AS operation,
        count(fate.excluded_at) AS n_added,
        count(*) FILTER (fate.excluded_at = 1 OR (fate.excluded_at IN (2, 3) AND NOT entry.is_archive)) AS n_dropped,
        count(*) FILTER (fate.is_aside AND NOT entry.is_archive) AS n_aside
    FROM entry
    LEFT JOIN fate USING (funnel_step)
    GROUP BY entry.funnel_step, entry.is_archive, names
    UNION ALL
    SELECT 2, concat('bulk only: single-cell probability < ', $single_cell_threshold), 0,
        count(*) FILTER (cleaned_at = 2), 0 FROM fate
    UNION ALL
    SELECT 3, 'random subset: ' || coalesce($subset::VARCHAR, 'all'), 0, count(*) FILTER (cleaned_at = 3), 0 FROM fate
    UNION ALL
    SELECT 4, 'free text to UBERON: unlabelled set aside', 0, 0, count(*) FILTER (is_archive AND is_aside) FROM fate
    UNION ALL
    SELECT 9, 'cell lines out: at most ' || coalesce($cell_line_cap::VARCHAR, 'all') || ' per tissue', 0,
        count(*) FILTER (out_at = 9), 0 FROM fate
    UNION ALL
    SELECT 10, concat('cap per tissue of the training part: ', coalesce($cap::VARCHAR, 'none')), 0,
        count(*) FILTER (out_at = 10), 0 FROM fate
    UNION ALL
    SELECT 11, concat('read: at least ', $min_detected, ' of the genes that its source detects'), 0,
        count(*) FILTER (out_at = 11), 0 FROM fate
    UNION ALL
    SELECT 12, 'export: unlabelled samples return', count(*) FILTER (is_unlabelled AND excluded_at = 0), 0, 0 FROM fate
)

SELECT
    step, operation,
    coalesce(sum(n_added - n_dropped - n_aside) OVER before, 0)::BIGINT AS n_in,
    n_added::BIGINT AS n_added, n_dropped::BIGINT AS n_dropped, n_aside::BIGINT AS n_aside,
    sum(n_added - n_dropped - n_aside) OVER (ORDER BY step)::BIGINT AS n_out
FROM step
WINDOW before AS (ORDER BY step ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
ORDER BY step;
