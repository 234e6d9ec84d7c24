-- label_has_evidence: nobody is labelled without a row that says from which words, by which rule or by whom.
SELECT label.sample_id, label.tissue, label.evidence_id
FROM label
ANTI JOIN evidence USING (evidence_id)
WHERE label.tissue <> ''
ORDER BY label.sample_id;
