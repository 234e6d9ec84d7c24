-- override_terms_are_live: a decision for an unknown or withdrawn term cannot be carried out.
SELECT
    'overrides.tsv' AS file, line,
    override_id || ' names ' || override.term_id || CASE
        WHEN obsolete_term.term_id IS NOT NULL
            THEN ', which is obsolete' || coalesce('; use ' || obsolete_term.replaced_by, '')
        WHEN override.term_id IN (SELECT term.term_id FROM term) THEN ', which lies in none of the tissues'
        ELSE ', which is no UBERON or CL term known here'
    END AS what
FROM override LEFT JOIN obsolete_term USING (term_id) LEFT JOIN term_tissue ON override.term_id = term_tissue.term_id
WHERE override.term_id IS NOT NULL AND override.fact IS NULL AND term_tissue.term_id IS NULL
ORDER BY line;
