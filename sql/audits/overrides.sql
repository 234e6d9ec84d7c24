-- overrides: who overrode what, when and why, on how many samples, and what would their labels have been?
-- `without` is the tissue of the best evidence that is no override; a decision that says what the evidence says changes nothing.
WITH other AS (
    SELECT proposal.sample_id, arg_max(proposal.tissue, (proposal.weight, proposal.n_tokens, proposal.evidence_id)) AS tissue
    FROM proposal
    WHERE proposal.kind <> 'override' AND proposal.tissue IS NOT NULL
    GROUP BY proposal.sample_id
)

SELECT
    override_hit.override_id,
    override_hit.curator,
    override_hit.date,
    override_hit.scope,
    override_hit.target,
    override_hit.reason,
    coalesce(label.tissue, '(unlabelled)') AS tissue,
    coalesce(other.tissue, '(unlabelled)') AS without,
    override_hit.is_effective,
    count(*) AS n_samples,
    min(override_hit.sample_id) AS example
FROM override_hit
INNER JOIN label USING (sample_id)
LEFT JOIN other USING (sample_id)
GROUP BY ALL
ORDER BY override_hit.override_id ASC, n_samples DESC, tissue ASC;
