-- cell_lines_by_evidence: which cell lines were recognised, by which words in which field, and how many of their samples are in the matrix?
SELECT
    label.cell_line,
    evidence.field,
    evidence.kind,
    coalesce(evidence.rule_id, evidence.synonym) AS rule_or_name,
    count(*) AS n_samples,
    count(kept.sample_id) AS n_kept,
    count(DISTINCT sample.series_id) AS n_series,
    string_agg(DISTINCT sample.source, ', ' ORDER BY sample.source) AS sources,
    string_agg(DISTINCT label.tissue, ', ' ORDER BY label.tissue) AS tissues,
    min(label.sample_id) AS example
FROM label
INNER JOIN sample USING (sample_id)
LEFT JOIN evidence ON label.cell_line_evidence_id = evidence.evidence_id
LEFT JOIN kept ON label.sample_id = kept.sample_id
WHERE label.is_cell_line
GROUP BY ALL
ORDER BY n_samples DESC, label.cell_line ASC, evidence.field ASC, rule_or_name ASC;
