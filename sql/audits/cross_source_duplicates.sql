-- cross_source_duplicates: which archive samples are the same GTEx or TCGA sample, submitted once more?
-- The archive's text names the other project's sample or donor: GTEX-1117F-0226-SM-5GZZ7, TCGA-A1-A0SB-01A. A twin in another
-- split leaks (`splits_differ`). `match` says whether the sample itself or only its donor is in this build.
WITH naming AS (
    SELECT
        sample_id,
        source,
        series_id,
        unnest(list_distinct(regexp_extract_all(
            upper(concat_ws(' ', title, source_name, characteristics, description)),
            '(?:GTEX-[A-Z0-9]{4,5}(?:-[A-Z0-9]{4}-SM-[A-Z0-9]{4,5})?|TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}(?:-[0-9]{2}[A-Z]?)?)'
        ))) AS named
    FROM sample
    WHERE source NOT IN ('gtex', 'tcga')
),

twin AS (
    SELECT naming.*, other.sample_id AS twin_id, 'sample' AS match
    FROM naming
    INNER JOIN sample AS other ON other.source IN ('gtex', 'tcga') AND naming.named IN (other.sample_id, other.sample_id[:15])
    UNION ALL
    SELECT naming.*, other.sample_id, 'donor'
    FROM naming
    INNER JOIN sample AS other ON other.source IN ('gtex', 'tcga') AND naming.named = upper(other.donor_id)
)

SELECT
    twin.sample_id,
    twin.series_id,
    twin.named,
    twin.match,
    min(twin.twin_id) AS twin_id,
    count(*) AS n_twins,
    any_value(here.split) AS split,
    string_agg(DISTINCT there.split, ', ' ORDER BY there.split) AS twin_splits,
    coalesce(bool_or(here.split <> there.split AND 'unlabelled' NOT IN (here.split, there.split)), FALSE) AS splits_differ
FROM twin
LEFT JOIN kept AS here ON twin.sample_id = here.sample_id
LEFT JOIN kept AS there ON twin.twin_id = there.sample_id
GROUP BY twin.sample_id, twin.series_id, twin.named, twin.match
ORDER BY splits_differ DESC, match DESC, twin.sample_id ASC, twin.named ASC;
