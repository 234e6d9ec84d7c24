-- linking_sample: one row per new sample that would join groups which the previous release holds in different parts.
-- Why it goes and they stay: moving either group would change a published split, keeping the sample would leak.
CREATE OR REPLACE TABLE linking_sample AS
SELECT linked_group.sample_id
FROM linked_group
INNER JOIN torn_group USING (group_id)
ANTI JOIN previous_split USING (sample_id);
