-- shape_place: one row per place of a shape where the words of a phrase stand, of the lexicon or of a fact; a phrase
-- with a number must still be compared with each text.
CREATE OR REPLACE TEMP TABLE shape_place AS
SELECT shape_word.* EXCLUDE (shape), shape_word.shape AS phrase, contains(shape_word.shape, '0') AS has_number
FROM shape_word JOIN phrase_shape ON shape_word.shape = phrase_shape.shape
WHERE phrase_shape.is_first AND (
    NOT is_before_cells OR field = 'cell_line' OR after IN ('cell', 'cells', 'line', 'lines')
);
