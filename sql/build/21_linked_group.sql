-- linked_group: one row per sample; group_id joins all that share a study or donor, over any number of steps.
-- The group is named by its smallest key.
-- A sample with neither study nor donor is a group of its own.
CREATE OR REPLACE TABLE linked_group AS
WITH RECURSIVE link AS (
    SELECT DISTINCT one.key, other.key AS neighbour
    FROM sample_key AS one
    INNER JOIN sample_key AS other USING (sample_id)
    WHERE one.key <> other.key
),

component (key, root) USING KEY (key) AS (
    SELECT DISTINCT key, key FROM sample_key
    UNION
    SELECT link.neighbour, min(component.root)
    FROM component
    INNER JOIN link ON component.key = link.key
    INNER JOIN recurring.component AS seen ON link.neighbour = seen.key
    WHERE component.root < seen.root
    GROUP BY link.neighbour
)

SELECT sample.sample_id, coalesce(min(component.root), sample.sample_id) AS group_id
FROM sample
LEFT JOIN sample_key USING (sample_id)
LEFT JOIN component USING (key)
GROUP BY sample.sample_id;
