-- candidate: one row per sample that was not excluded, with its class (empty = unlabelled) and its group.
-- What only siblings or the study say is a class under --tiers only. Under --level term the class is the name of the
-- finest term, otherwise one of the tissues.
CREATE OR REPLACE TABLE candidate AS
SELECT
    sample.sample_id, coalesce(label.decided_by NOT IN ('siblings', 'study'), TRUE) OR $tiers AS stands_alone,
    sample_group.group_id,
    CASE WHEN stands_alone THEN coalesce(label.term_id, '') ELSE '' END AS term_id,
    CASE
        WHEN NOT stands_alone THEN ''
        WHEN coalesce(label.tissue, '') = '' THEN ''
        WHEN $level = 'term' THEN coalesce(term_name.name, label.tissue)
        ELSE label.tissue
    END AS tissue
FROM sample
INNER JOIN sample_group USING (sample_id)
LEFT JOIN label USING (sample_id)
LEFT JOIN term_name ON label.term_id = term_name.term_id
ANTI JOIN early_exclusion USING (sample_id);
