-- sample_group, again: the groups that only a linking sample would join keep the names they had.
CREATE OR REPLACE TABLE sample_group AS
WITH torn AS (
    SELECT sample_group.group_id
    FROM sample_group
    INNER JOIN previous_split USING (sample_id)
    GROUP BY sample_group.group_id
    HAVING count(DISTINCT previous_split.split) > 1
)

SELECT
    sample_group.sample_id,
    if(torn.group_id IS NULL, sample_group.group_id, coalesce(previous_split.group_id, sample_group.group_id)) AS group_id
FROM sample_group
LEFT JOIN torn USING (group_id)
LEFT JOIN previous_split USING (sample_id);
