-- text_shape: one row per text with the number of its shape. Texts that differ in numbers only (replicates, patients,
-- days) have one shape and are read once. Under a cell-line key each text is its own, because a name may be all number,
-- and everywhere where a curator's words tell one number from another ($numbers_differ).
CREATE OR REPLACE TEMP TABLE text_shape AS
SELECT
    text_id, field, normalised, hash(field, if(
        $numbers_differ OR field = 'cell_line', normalised, regexp_replace(normalised, '[0-9]+', '0', 'g')
    )) AS shape_id
FROM text;
