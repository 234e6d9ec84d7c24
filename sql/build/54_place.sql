-- place: one row per labelled sample: where it was taken and what cells it holds, each with its evidence, empty where
-- no text says so. A cell that the Cell Ontology defines as part of an organ names that organ.
CREATE OR REPLACE TEMP TABLE place AS
WITH named AS (
    SELECT
        proposal.sample_id, proposal.evidence_id, proposal.weight, proposal.field, proposal.n_tokens,
        coalesce(finest.best['id'] = proposal.evidence_id, false) AS is_finest,
        proposal.tissue = coalesce(finest.best['tissue'], winner.tissue) AS agrees,
        if(proposal.term_id LIKE 'CL:%', term_place.place_id, proposal.term_id) AS place_id,
        if(proposal.term_id LIKE 'CL:%', proposal.term_id, null) AS cell_id
    FROM proposal JOIN winner USING (sample_id)
    LEFT JOIN finest USING (sample_id)
    LEFT JOIN term_place ON proposal.term_id = term_place.term_id
    WHERE NOT winner.is_ambiguous AND winner.tissue IS NOT null AND proposal.verdict = 'map'
        AND proposal.role = 'sample'
)
SELECT
    sample_id,
    arg_max({ 'term': place_id, 'evidence': evidence_id }, (is_finest, weight, n_tokens, evidence_id))
        FILTER (place_id IS NOT null AND agrees) AS tissue,
    arg_max(
        { 'term': cell_id, 'evidence': evidence_id }, (field = 'cell_type', is_finest, weight, n_tokens, evidence_id)
    ) FILTER (cell_id IS NOT null AND field <> 'description') AS cell
FROM named GROUP BY sample_id;
