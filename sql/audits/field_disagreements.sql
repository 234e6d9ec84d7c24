-- field_disagreements: where does another field propose another tissue than the label, by pairs of fields and tissues?
WITH best AS (
    SELECT proposal.sample_id, proposal.field, arg_max(proposal.tissue, (proposal.weight, proposal.evidence_id)) AS tissue
    FROM proposal
    WHERE proposal.tissue IS NOT NULL AND proposal.verdict = 'map' AND proposal.role <> 'origin'
    GROUP BY proposal.sample_id, proposal.field
)

SELECT
    label.field AS deciding_field,
    label.tissue,
    best.field AS other_field,
    best.tissue AS other_tissue,
    count(*) AS n_samples,
    round(avg(label.margin), 3) AS mean_margin,
    min(label.sample_id) AS first_sample
FROM label
INNER JOIN best USING (sample_id)
WHERE label.tissue IS NOT NULL AND best.field <> label.field AND best.tissue <> label.tissue
GROUP BY label.field, label.tissue, best.field, best.tissue
ORDER BY n_samples DESC, label.field ASC, label.tissue ASC, best.field ASC, best.tissue ASC;
