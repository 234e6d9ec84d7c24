-- fact_proposal: one row per sample and statement about it; its words are those of fact_evidence of that fact and rank.
CREATE OR REPLACE VIEW fact_proposal AS
SELECT sample_text.sample_id, fact_evidence.fact, fact_evidence.rank, fact_evidence.meaning
FROM fact_evidence JOIN sample_text USING (text_id)
UNION ALL
SELECT sample_id, fact, rank, meaning FROM fact_evidence WHERE sample_id IS NOT NULL;
