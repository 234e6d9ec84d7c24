-- place: one row per labelled sample: where it was taken and what cells it holds, each with its evidence, empty where
-- no text says so. A cell that the Cell Ontology defines as part of an organ names that organ. What ranks before the
-- strength of a proposal stands in the two bits above it.
CREATE OR REPLACE TEMP TABLE place AS
WITH named AS (
    SELECT
        proposed.sample_number, proposed.field, coalesce(finest.best['id'] = proposed.evidence_number, false)
            AS is_finest,
        proposed.tissue = coalesce(finest.best['tissue'], winner.tissue) AS agrees,
        proposed.term_id LIKE 'CL:%' AS is_cell, NOT is_cell OR term_place.place_id IS NOT null AS has_place,
        strength(proposed.weight, proposed.n_tokens, proposed.evidence_number)
        + (is_finest::UHUGEINT << 126) AS strength
    FROM proposed JOIN winner USING (sample_number)
    LEFT JOIN finest USING (sample_number)
    LEFT JOIN term_place ON proposed.term_id = term_place.term_id
    WHERE NOT winner.is_ambiguous AND winner.tissue IS NOT null AND proposed.verdict = 'map'
        AND proposed.role = 'sample' AND proposed.term_id IS NOT null
),
best AS (
    SELECT
        sample_number, max(strength) FILTER (has_place AND agrees) AS place,
        max(strength + ((field = 'cell_type')::UHUGEINT << 127)) FILTER (is_cell AND field <> 'description') AS cell
    FROM named GROUP BY sample_number
)
SELECT
    best.sample_number, coalesce(term_place.place_id, organ.term_id) AS tissue_id,
    organ.evidence_id AS tissue_evidence_id, cell.term_id AS cell_id, cell.evidence_id AS cell_evidence_id
FROM best
LEFT JOIN evidence AS organ ON evidence_of(best.place) = organ.evidence_number
LEFT JOIN evidence AS cell ON evidence_of(best.cell) = cell.evidence_number
LEFT JOIN term_place ON organ.term_id = term_place.term_id;
