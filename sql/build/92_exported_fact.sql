-- exported_fact: one row per sample and fact with the words that state it. It is written as facts.parquet, in the order
-- of sample ids.
CREATE OR REPLACE VIEW exported_fact AS
SELECT sample_id, fact, value, ontology_term_id, unit, field, matched_text, rule, decided_by FROM fact;
