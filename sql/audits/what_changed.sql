-- what_changed: which samples did this build gain, lose, label or split otherwise than the older one (`old`), and because of what?
-- For another client: ATTACH 'OLDER/curation.duckdb' AS old (READ_ONLY);
WITH after AS (
    SELECT sample.sample_id, sample.source, label.tissue, label.term_id, label.decided_by, label.evidence_id, split.split, exclusion.reason AS excluded
    FROM sample
    LEFT JOIN label USING (sample_id)
    LEFT JOIN split USING (sample_id)
    LEFT JOIN exclusion USING (sample_id)
),

before AS (
    SELECT sample.sample_id, sample.source, label.tissue, label.term_id, label.decided_by, label.evidence_id, split.split, exclusion.reason AS excluded
    FROM old.sample AS sample
    LEFT JOIN old.label AS label USING (sample_id)
    LEFT JOIN old.split AS split USING (sample_id)
    LEFT JOIN old.exclusion AS exclusion USING (sample_id)
)

SELECT
    coalesce(after.sample_id, before.sample_id) AS sample_id,
    coalesce(after.source, before.source) AS source,
    concat_ws(
        ', ',
        if(before.sample_id IS NULL, 'gained', NULL),
        if(after.sample_id IS NULL, 'lost', NULL),
        if(after.sample_id IS NOT NULL AND before.sample_id IS NOT NULL, concat_ws(
            ', ',
            if(coalesce(before.tissue, '') <> coalesce(after.tissue, ''), 'tissue', NULL),
            if(coalesce(before.term_id, '') <> coalesce(after.term_id, ''), 'term', NULL),
            if(before.split <> after.split, 'split', NULL),
            if(coalesce(before.excluded, '') <> coalesce(after.excluded, ''), 'exclusion', NULL)
        ), NULL)
    ) AS change,
    before.tissue AS tissue_before,
    after.tissue AS tissue_after,
    before.term_id AS term_before,
    after.term_id AS term_after,
    before.decided_by AS decided_by_before,
    after.decided_by AS decided_by_after,
    before.split AS split_before,
    after.split AS split_after,
    before.excluded AS excluded_before,
    after.excluded AS excluded_after
FROM after
FULL OUTER JOIN before ON after.sample_id = before.sample_id
WHERE
    after.sample_id IS NULL
    OR before.sample_id IS NULL
    OR coalesce(before.tissue, '') <> coalesce(after.tissue, '')
    OR coalesce(before.term_id, '') <> coalesce(after.term_id, '')
    OR before.split <> after.split
    OR coalesce(before.excluded, '') <> coalesce(after.excluded, '')
ORDER BY change, source, sample_id;
