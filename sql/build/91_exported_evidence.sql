-- exported_evidence: one row per sample and proposal about it, with the words and what proposed them; is_winner is the
-- one that decided. It is written as evidence.parquet, in the order of sample ids, the strongest first.
CREATE OR REPLACE VIEW exported_evidence AS
SELECT
    sample.sample_id,
    evidence.evidence_id,
    proposal.field,
    evidence.matched_text,
    evidence.verdict,
    evidence.role,
    evidence.rule_id,
    evidence.synonym,
    evidence.scope,
    proposal.term_id,
    term_name.name AS term_name,
    proposal.tissue,
    proposal.weight,
    coalesce(label.evidence_id = evidence.evidence_id, false) AS is_winner
FROM proposed AS proposal
INNER JOIN sample ON proposal.sample_number = sample.rowid
INNER JOIN evidence USING (evidence_number)
INNER JOIN label ON sample.sample_id = label.sample_id
LEFT JOIN term_name ON proposal.term_id = term_name.term_id;
