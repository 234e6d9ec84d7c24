-- declared_terms_lie_in_their_tissue: a new tissue takes its root from another one; what sources declare must follow.
SELECT
    'declared_tissue.tsv' AS file, line,
    source || ' ' || field || ' "' || text || '" says ' || coalesce(declared.tissue, '(no tissue)') || ', but '
    || declared.term_id || ' (' || coalesce(declared.term_name, '') || ') '
    || coalesce('belongs to ' || term_tissue.tissue, 'is no live term in one of the tissues') AS what
FROM declared
LEFT JOIN term_tissue USING (term_id)
WHERE declared.term_id IS NOT NULL AND declared.tissue IS DISTINCT FROM term_tissue.tissue
ORDER BY line;
