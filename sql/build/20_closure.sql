-- closure: one row per term and term above it (itself included, distance 0), with the length of the shortest way up.
CREATE OR REPLACE TABLE closure AS
WITH RECURSIVE up(term_id, ancestor_id, distance) USING KEY (term_id, ancestor_id) AS (
    SELECT DISTINCT term_id, term_id, 0 FROM term
    UNION
    SELECT up.term_id, term_parent.parent_id, min(up.distance + 1)
    FROM up JOIN term_parent ON term_parent.term_id = up.ancestor_id
    LEFT JOIN recurring.up AS known ON known.term_id = up.term_id AND known.ancestor_id = term_parent.parent_id
    WHERE known.term_id IS NULL OR known.distance > up.distance + 1
    GROUP BY up.term_id, term_parent.parent_id
)
SELECT term_id, ancestor_id, distance FROM up;
