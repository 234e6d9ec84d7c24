-- fact_proposal: one row per sample and statement about it; its words are those of fact_evidence of that fact and rank.
CREATE OR REPLACE VIEW fact_proposal AS
SELECT spoken_text.sample_number, fact_evidence.fact, fact_evidence.rank, fact_evidence.meaning
FROM fact_evidence JOIN spoken_text USING (text_id)
UNION ALL
SELECT sample.rowid, fact, rank, meaning FROM fact_evidence JOIN sample USING (sample_id);
