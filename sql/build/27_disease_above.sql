-- disease_above: one row per disease of Mondo and disease that it is a kind of, at any distance.
CREATE OR REPLACE TABLE disease_above AS
WITH RECURSIVE above (term_id, above_id) AS (
    SELECT term_id, parent_id FROM disease_parent
    UNION
    SELECT above.term_id, disease_parent.parent_id
    FROM above JOIN disease_parent ON above.above_id = disease_parent.term_id
)
FROM above;
