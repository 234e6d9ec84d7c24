-- proposal: one row per sample and evidence that speaks about it, by their names.
CREATE OR REPLACE VIEW proposal AS
SELECT
    sample.sample_id, format('{:016x}', proposed.evidence_number) AS evidence_id,
    proposed.* EXCLUDE (sample_number, evidence_number)
FROM proposed JOIN sample ON proposed.sample_number = sample.rowid;
