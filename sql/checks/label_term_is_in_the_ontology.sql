-- label_term_is_in_the_ontology: each label names a live term, and its tissue is one that a curator listed.
SELECT label.sample_id, label.term_id, label.tissue
FROM label
WHERE
    (label.term_id IS NOT NULL AND label.term_id <> '' AND label.term_id NOT IN (SELECT term.term_id FROM term))
    OR (label.tissue <> '' AND label.tissue NOT IN (SELECT tissue.tissue FROM tissue))
ORDER BY label.sample_id;
