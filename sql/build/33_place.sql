-- place: one row per labelled sample: where it was taken (tissue_ontology_term_id) and what cells it holds (cell_type_ontology_term_id), each with its
-- evidence and empty where the texts do not say. A cell that the Cell Ontology defines as part of an organ names that organ.
CREATE OR REPLACE TABLE place AS
WITH named AS (
    SELECT
        proposal.sample_id, proposal.evidence_id, proposal.term_id, proposal.weight, proposal.field, proposal.n_tokens,
        coalesce(finest.evidence_id = proposal.evidence_id, false) AS is_finest, proposal.tissue = winner.tissue AS agrees,
        CASE WHEN proposal.term_id LIKE 'CL:%' THEN term_place.place_id ELSE proposal.term_id END AS place_id,
        CASE WHEN proposal.term_id LIKE 'CL:%' THEN proposal.term_id END AS cell_id
    FROM proposal JOIN winner USING (sample_id)
    LEFT JOIN finest USING (sample_id)
    LEFT JOIN term_place ON proposal.term_id = term_place.term_id
    WHERE NOT winner.is_ambiguous AND proposal.verdict = 'map' AND proposal.role = 'sample' AND winner.tissue IS NOT null
)
SELECT
    sample_id,
    arg_max({'term': place_id, 'evidence': evidence_id}, (is_finest, weight, n_tokens, evidence_id)) FILTER (place_id IS NOT null AND agrees) AS place,
    arg_max({'term': cell_id, 'evidence': evidence_id}, (field = 'cell_type', is_finest, weight, n_tokens, evidence_id))
        FILTER (cell_id IS NOT null AND field <> 'description') AS cell
FROM named GROUP BY sample_id;
