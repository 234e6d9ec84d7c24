-- term_tissue: one row per term that lies in a category: that of the nearest root, a fixed priority where two are
-- equally near. organ_id is the nearest anatomical term: a neoplasm is reported as the organ that it arises in.
CREATE OR REPLACE TABLE term_tissue AS
WITH nearest AS (
    SELECT closure.term_id, tissue.tissue, tissue.root_id, closure.distance
    FROM closure JOIN tissue ON closure.ancestor_id = tissue.root_id
    QUALIFY row_number() OVER (
        PARTITION BY closure.term_id ORDER BY closure.distance, tissue.priority, tissue.tissue, tissue.root_id
    ) = 1
),
organ AS (
    SELECT closure.term_id, closure.ancestor_id AS organ_id
    FROM closure
    JOIN nearest ON closure.term_id = nearest.term_id
    JOIN nearest AS above ON closure.ancestor_id = above.term_id AND nearest.tissue = above.tissue
    WHERE closure.ancestor_id NOT LIKE 'MONDO:%'
    QUALIFY row_number() OVER (PARTITION BY closure.term_id ORDER BY closure.distance, closure.ancestor_id) = 1
)
SELECT nearest.term_id, nearest.tissue, nearest.root_id, nearest.distance, organ.organ_id
FROM nearest JOIN organ USING (term_id);
