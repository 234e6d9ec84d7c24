-- declared_tissue_is_followed: where a source's own column names the term, the label is that term, unless a person
-- overrode it.
SELECT label.sample_id, sample.declared_text, sample.declared_term_id, label.term_id, label.decided_by
FROM label
INNER JOIN sample USING (sample_id)
WHERE
    sample.declared_term_id IS NOT NULL
    AND label.term_id IS DISTINCT FROM sample.declared_term_id
    AND label.decided_by <> 'override'
ORDER BY label.sample_id;
