-- override_decides: what a person decided is what the label says.
SELECT override_hit.sample_id, override_hit.override_id, override_hit.term_id AS decided, label.term_id AS labelled
FROM override_hit
INNER JOIN label USING (sample_id)
WHERE override_hit.is_effective AND override_hit.fact IS NULL AND coalesce(override_hit.term_id, '') <> coalesce(label.term_id, '')
ORDER BY override_hit.sample_id;
