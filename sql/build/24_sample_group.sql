-- sample_group, again: the groups that only a linking sample would join keep the names they had.
CREATE OR REPLACE TABLE sample_group AS
SELECT
    sample_group.sample_id,
    if(torn_group.group_id IS NULL, sample_group.group_id, coalesce(previous_split.group_id, sample_group.group_id)) AS group_id
FROM sample_group
LEFT JOIN torn_group USING (group_id)
LEFT JOIN previous_split USING (sample_id);
