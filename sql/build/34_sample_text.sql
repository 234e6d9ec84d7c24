-- sample_text: one row per sample and text that speaks about it.
CREATE OR REPLACE TABLE sample_text AS
SELECT DISTINCT sample_id, md5_number_lower(field || chr(31) || text) AS text_id, field FROM piece;
