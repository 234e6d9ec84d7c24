-- phrase_shape: one row per phrase of the lexicon or of a fact that may stand in a text, with its shape: every number
-- in it reads 0. is_before_cells where it means something under a cell-line key or before the word "cells" only.
CREATE OR REPLACE TABLE phrase_shape AS
SELECT
    phrase, any_value(n_tokens) AS n_tokens, regexp_replace(phrase, '[0-9]+', '0', 'g') AS shape,
    bool_and(is_before_cells) AS is_before_cells
FROM (
    SELECT phrase, n_tokens, needs = 'cells' AS is_before_cells FROM lexicon WHERE needs <> 'key'
    UNION ALL
    SELECT phrase, n_tokens, FALSE FROM fact_phrase WHERE NOT is_whole
)
GROUP BY phrase
ORDER BY shape, phrase;
