-- torn_group: one row per group that the previous release holds in different parts: a new sample joined what was apart.
CREATE OR REPLACE TABLE torn_group AS
SELECT linked_group.group_id
FROM linked_group
INNER JOIN previous_split USING (sample_id)
GROUP BY linked_group.group_id
HAVING count(DISTINCT previous_split.split) > 1;
