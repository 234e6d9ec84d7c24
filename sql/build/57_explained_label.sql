-- explained_label: one row per sample with its label as users read it: the winning evidence in words, empty instead of
-- missing.
CREATE OR REPLACE VIEW explained_label AS
SELECT
    label.sample_id, coalesce(label.tissue, '') AS tissue, coalesce(label.term_id, '') AS term_id,
    coalesce(term_name.name, '') AS term_name, coalesce(label.tissue_ontology_term_id, '') AS tissue_ontology_term_id,
    coalesce(label.cell_type_ontology_term_id, '') AS cell_type_ontology_term_id, label.is_cell_line,
    coalesce(label.cell_line, '') AS cell_line, coalesce(label.cell_line_id, '') AS cell_line_id,
    coalesce(label.cell_line_name, '') AS cell_line_name, coalesce(label.cell_line_disease, '') AS cell_line_disease,
    coalesce(label.cell_line_tissue, '') AS cell_line_tissue, label.decided_by, coalesce(label.field, '') AS field,
    coalesce(label.matched_text, '') AS matched_text, coalesce(label.evidence_id, '') AS evidence_id, label.margin,
    coalesce(label.runner_up, '') AS runner_up, coalesce(label.origin_tissue, '') AS origin_tissue,
    coalesce(label.origin_term_id, '') AS origin_term_id, coalesce(label.single_cell_words, '') AS single_cell_words
FROM label LEFT JOIN term_name USING (term_id);
