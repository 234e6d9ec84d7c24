-- candidate: one row per sample that was not excluded, with its class (empty = unlabelled) and its group.
-- Under --level term the class is the name of the finest term, otherwise one of the tissues.
CREATE OR REPLACE TABLE candidate AS
SELECT
    sample.sample_id,
    sample_group.group_id,
    coalesce(label.term_id, '') AS term_id,
    CASE
        WHEN coalesce(label.tissue, '') = '' THEN ''
        WHEN $level = 'term' THEN coalesce(term_name.name, label.tissue)
        ELSE label.tissue
    END AS tissue
FROM sample
INNER JOIN sample_group USING (sample_id)
LEFT JOIN label USING (sample_id)
LEFT JOIN term_name ON label.term_id = term_name.term_id
ANTI JOIN early_exclusion USING (sample_id);
