-- text: one row per distinct string of a field, repaired and normalised once; the id does not depend on what else is labelled.
CREATE OR REPLACE TABLE text AS
WITH string AS (SELECT DISTINCT field, text FROM piece),
repair AS (SELECT md5_number_lower(field || chr(31) || text) AS text_id, field, text, repaired(text) AS repaired FROM string)
SELECT text_id, field, text, repaired, normalised(repaired) AS normalised FROM repair;

-- sample_text: which texts speak about which sample.
CREATE OR REPLACE TABLE sample_text AS
SELECT DISTINCT sample_id, md5_number_lower(field || chr(31) || text) AS text_id, field FROM piece;
