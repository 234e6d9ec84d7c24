-- label_provenance: by which field and kind of evidence was each tissue decided?
SELECT
    label.tissue,
    label.decided_by,
    evidence.kind,
    evidence.scope,
    count(*) AS n_samples,
    count(DISTINCT evidence.text_id) AS n_texts,
    round(avg(label.margin), 3) AS mean_margin,
    count_if(label.is_cell_line) AS n_cell_lines,
    min(evidence.matched_text) AS example
FROM label
INNER JOIN evidence ON label.evidence_id = evidence.evidence_id
WHERE label.tissue IS NOT NULL
GROUP BY label.tissue, label.decided_by, evidence.kind, evidence.scope
ORDER BY label.tissue ASC, n_samples DESC, label.decided_by ASC, evidence.kind ASC, evidence.scope ASC;
