-- sample_group: one row per sample; group_id is what may not straddle a split.
-- Groups that only a linking sample would join keep the names that the previous release gave them.
CREATE OR REPLACE TABLE sample_group AS
SELECT
    linked_group.sample_id,
    if(
        torn_group.group_id IS NULL, linked_group.group_id, coalesce(previous_split.group_id, linked_group.group_id)
    ) AS group_id
FROM linked_group
LEFT JOIN torn_group USING (group_id)
LEFT JOIN previous_split USING (sample_id);
