-- explained_label: one row per sample with its label as users read it: the winning evidence in words, empty instead of
-- missing.
CREATE OR REPLACE VIEW explained_label AS
SELECT
    label.sample_id, coalesce(label.tissue, '') AS tissue, coalesce(label.term_id, '') AS term_id,
    coalesce(term_name.name, '') AS term_name, label.is_cell_line, coalesce(label.cell_line, '') AS cell_line,
    label.decided_by, coalesce(label.field, '') AS field, coalesce(label.matched_text, '') AS matched_text,
    coalesce(label.evidence_id, '') AS evidence_id, label.margin, coalesce(label.runner_up, '') AS runner_up,
    coalesce(label.origin_tissue, '') AS origin_tissue
FROM label LEFT JOIN term_name USING (term_id);
