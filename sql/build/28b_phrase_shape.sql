-- phrase_shape: one row per phrase of the lexicon or of a fact that may stand in a text, with its shape: every number
-- in it reads 0. is_before_cells where all phrases of the shape mean something under a cell-line key or before the word
-- "cells" only; is_first marks one row per shape.
CREATE OR REPLACE TABLE phrase_shape AS
WITH phrase AS (
    SELECT phrase, n_tokens, needs = 'cells' AS is_before_cells FROM lexicon WHERE needs <> 'key'
    UNION ALL
    SELECT phrase, n_tokens, FALSE FROM fact_phrase WHERE NOT is_whole
),
shaped AS (
    SELECT
        phrase, any_value(n_tokens) AS n_tokens, regexp_replace(phrase, '[0-9]+', '0', 'g') AS shape,
        bool_and(is_before_cells) AS is_before_cells
    FROM phrase GROUP BY phrase
)
SELECT
    shape, phrase, n_tokens, bool_and(is_before_cells) OVER (PARTITION BY shape) AS is_before_cells,
    row_number() OVER (PARTITION BY shape ORDER BY phrase) = 1 AS is_first
FROM shaped
ORDER BY shape, phrase;
