-- closure: one row per term and term above it (itself included, distance 0), with the length of the shortest way up.
CREATE OR REPLACE TABLE closure AS
WITH RECURSIVE live AS (SELECT DISTINCT term_id FROM term),

up (term_id, ancestor_id, distance) USING KEY (term_id, ancestor_id) AS (
    SELECT term_id, term_id, 0 FROM live
    UNION
    SELECT up.term_id, term_parent.parent_id, min(up.distance + 1)
    FROM up
    INNER JOIN term_parent ON up.ancestor_id = term_parent.term_id
    LEFT JOIN recurring.up AS known ON up.term_id = known.term_id AND term_parent.parent_id = known.ancestor_id
    WHERE known.term_id IS NULL OR known.distance > up.distance + 1
    GROUP BY up.term_id, term_parent.parent_id
)

SELECT term_id, ancestor_id, distance FROM up;
