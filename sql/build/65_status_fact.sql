-- status_fact: one row per sample whose words say tumour, adjacent normal or normal: the most trusted field decides,
-- and normal tissue of a person whose tumour is named elsewhere is adjacent normal. Two texts of the field that
-- contradict each other say nothing.
CREATE OR REPLACE TEMP TABLE status_fact AS
WITH best AS (
    SELECT sample_number, max(weight) AS weight, bool_or(is_tumour OR is_adjacent) AS has_tumour
    FROM status_word GROUP BY sample_number
),
decided AS (
    SELECT sample_number, rank, CASE
        WHEN is_adjacent THEN 'adjacent normal'
        WHEN is_normal AND has_tumour AND weight < 1.4 THEN 'adjacent normal'
        WHEN is_normal THEN 'normal'
        ELSE 'tumour'
    END AS value
    FROM status_word JOIN best USING (sample_number, weight)
)
SELECT sample_number, 'tissue_status' AS fact, min(value) AS value, max(rank) AS rank
FROM decided
GROUP BY sample_number
HAVING min(value) = max(value);
