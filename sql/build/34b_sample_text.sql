-- sample_text: one row per sample and text that speaks about it, by the name of the sample.
CREATE OR REPLACE VIEW sample_text AS
SELECT sample.sample_id, spoken_text.text_id, spoken_text.field
FROM spoken_text JOIN sample ON spoken_text.sample_number = sample.rowid;
