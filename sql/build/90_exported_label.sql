-- exported_label: one row per sample of every source, kept or not, with its words, its label, why, and what became of
-- it. It is written as labels.parquet, in the order of sample ids.
CREATE OR REPLACE VIEW exported_label AS
SELECT
    sample.sample_id,
    sample.source,
    sample.series_id,
    sample_group.group_id,
    explained_label.tissue,
    explained_label.term_id,
    explained_label.term_name,
    explained_label.tissue_ontology_term_id,
    explained_label.cell_type_ontology_term_id,
    explained_label.is_cell_line,
    explained_label.cell_line,
    explained_label.cell_line_id,
    explained_label.cell_line_name,
    explained_label.cell_line_disease,
    explained_label.cell_line_tissue,
    sample_fact.* EXCLUDE (sample_id, origin_tissue, origin_term_id),
    explained_label.decided_by,
    explained_label.field,
    explained_label.matched_text,
    evidence.rule_id,
    evidence.synonym,
    evidence.scope,
    explained_label.evidence_id,
    explained_label.runner_up,
    explained_label.margin,
    coalesce(sample_fact.origin_tissue, '') AS origin_tissue,
    coalesce(sample_fact.origin_term_id, '') AS origin_term_id,
    explained_label.single_cell_words,
    split.split,
    kept.row AS matrix_row,
    exclusion.step AS excluded_at,
    exclusion.reason AS excluded_because,
    sample.single_cell_probability,
    sample.title,
    sample.source_name,
    sample.characteristics,
    sample.description
FROM sample
INNER JOIN sample_group USING (sample_id)
LEFT JOIN explained_label USING (sample_id)
LEFT JOIN sample_fact USING (sample_id)
LEFT JOIN evidence ON explained_label.evidence_id = evidence.evidence_id
LEFT JOIN split USING (sample_id)
LEFT JOIN kept USING (sample_id)
LEFT JOIN exclusion USING (sample_id);
