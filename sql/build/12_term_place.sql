-- term_place: one row per cell type that is part of an organ by definition: the nearest anatomical term above it.
-- Where a curator says that cells live (located_in) is a policy, and no place that a text names.
CREATE OR REPLACE TABLE term_place AS
WITH RECURSIVE up (term_id, ancestor_id, distance) USING KEY (term_id, ancestor_id) AS (
    SELECT term_id, term_id, 0 FROM term_tissue WHERE term_id LIKE 'CL:%'
    UNION
    SELECT up.term_id, term_parent.parent_id, min(up.distance + 1)
    FROM up JOIN term_parent ON up.ancestor_id = term_parent.term_id AND term_parent.relation <> 'located_in'
    LEFT JOIN recurring.up AS known ON up.term_id = known.term_id AND term_parent.parent_id = known.ancestor_id
    WHERE up.ancestor_id NOT LIKE 'UBERON:%' AND (known.term_id IS NULL OR known.distance > up.distance + 1)
    GROUP BY up.term_id, term_parent.parent_id
)
SELECT up.term_id, up.ancestor_id AS place_id
FROM up
JOIN term_tissue AS cell ON up.term_id = cell.term_id
JOIN term_tissue AS organ ON up.ancestor_id = organ.term_id AND cell.tissue = organ.tissue
WHERE up.ancestor_id LIKE 'UBERON:%'
QUALIFY row_number() OVER (PARTITION BY up.term_id ORDER BY up.distance, up.ancestor_id) = 1;
